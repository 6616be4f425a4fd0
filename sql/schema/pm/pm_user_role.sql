-- ProfileMap: roles of people.
CREATE TABLE pm_user_role (
  user_id        VARCHAR2(256),
  role_name      VARCHAR2(512),
  is_management  NUMBER(1)
)
