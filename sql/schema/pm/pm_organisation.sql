-- ProfileMap: business units, and which of them have signed the data protection agreement.
CREATE TABLE pm_organisation (
  business_unit  VARCHAR2(64),
  name           VARCHAR2(4000),
  gdp_signed     NUMBER(1)
)
