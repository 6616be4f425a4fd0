CREATE TABLE pm_user (
  id VARCHAR2(256) NOT NULL, first_name VARCHAR2(4000), last_name VARCHAR2(4000), email VARCHAR2(320),
  business_unit VARCHAR2(4000), company VARCHAR2(4000), job VARCHAR2(4000), manager_email VARCHAR2(320),
  msg_id VARCHAR2(256), city VARCHAR2(4000), cost_center VARCHAR2(4000), imported_at TIMESTAMP(6),
  cost_center_short_text VARCHAR2(4000), personnel_number VARCHAR2(4000), name_prefix VARCHAR2(4000),
  initial_entry DATE, leaving_date DATE, company_code VARCHAR2(4000), personnel_area VARCHAR2(4000),
  personnel_area_text VARCHAR2(4000), personnel_subarea VARCHAR2(4000), personnel_subarea_text VARCHAR2(4000),
  employee_group VARCHAR2(4000), employee_subgroup VARCHAR2(4000), object_abbreviation VARCHAR2(4000),
  job_level VARCHAR2(4000), employment_percentage NUMBER, country VARCHAR2(64), to_delete NUMBER(1), delete_at DATE,
  CONSTRAINT pm_user_pk PRIMARY KEY (id)
);
CREATE UNIQUE INDEX pm_user_email ON pm_user (email COLLATE NOCASE);
