-- RAP / PackBuilder: what line managers answered in the recertification.
CREATE TABLE recreate_response (
  reportees_id                        VARCHAR2(64),
  rmm_id                              NUMBER,
  access_status                       VARCHAR2(64),
  access_level                        VARCHAR2(64),
  is_active                           NUMBER(1),
  access_revoke_date_by_line_manager  DATE,
  recertification_due_date            DATE
)
