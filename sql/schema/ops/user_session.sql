-- OPS: sessions of the accounts. IS_ACTIVE is 1, 0 or NULL; times are UTC.
CREATE TABLE user_session (
  id              NUMBER NOT NULL,
  user_id         NUMBER,
  is_active       NUMBER(1),
  last_active_at  TIMESTAMP(6),
  created_on      TIMESTAMP(6),
  updated_by      NUMBER,
  updated_on      TIMESTAMP(6),
  CONSTRAINT user_session_pk PRIMARY KEY (id)
)
