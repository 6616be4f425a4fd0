-- OPS: accounts. STATUS is ACTIVE, INACTIVE or LOCKED; times are UTC; UPDATED_BY is the ID of an account.
CREATE TABLE ops_user (
  id          NUMBER NOT NULL,
  oidc_id     VARCHAR2(255),
  email       VARCHAR2(320),
  status      VARCHAR2(16),
  created_on  TIMESTAMP(6),
  updated_by  NUMBER,
  updated_on  TIMESTAMP(6),
  CONSTRAINT ops_user_pk PRIMARY KEY (id)
)
