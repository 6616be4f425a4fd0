-- What stood in a changed row before and after. May be erased; the hashes in RECERT_CHANGE stay.
CREATE TABLE recert_image (
  run_id        VARCHAR2(36) NOT NULL,
  seq           NUMBER(18) NOT NULL,
  salt          VARCHAR2(64),
  before_image  CLOB,
  after_image   CLOB,
  CONSTRAINT recert_image_pk PRIMARY KEY (run_id, seq)
)
