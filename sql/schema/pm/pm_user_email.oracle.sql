-- One person a mail address, whatever its case.
CREATE UNIQUE INDEX pm_user_email ON pm_user (LOWER(email))
