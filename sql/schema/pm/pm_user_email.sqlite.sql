-- One person a mail address, whatever the case of its ASCII letters. Not LOWER: the program gives it another
-- meaning than the sqlite3 shell has, and an index must mean the same to both.
CREATE UNIQUE INDEX pm_user_email ON pm_user (email COLLATE NOCASE)
