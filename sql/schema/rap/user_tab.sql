-- RAP / PackBuilder: users and their line managers.
CREATE TABLE user_tab (
  employee_id          VARCHAR2(64),
  employee_name        VARCHAR2(256),
  email_id             VARCHAR2(320),
  rap                  NUMBER(1),
  packbuilder          NUMBER(1),
  linemanager_id       VARCHAR2(64),
  linemanager_name     VARCHAR2(256),
  linemanager_mail_id  VARCHAR2(320),
  created_date         DATE,
  updated_date         DATE
)
