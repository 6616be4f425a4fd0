-- Change a person. recert sends the lines of the columns that change, and no other: one statement for each
-- combination of columns.
-- :imported_at             the run's moment, UTC
-- :first_name              as in the file
-- :last_name               as in the file
-- :email                   as in the file; only where there is none yet
-- :business_unit           first four digits of the cost centre
-- :company                 as in the file
-- :job                     as in the file
-- :manager_email           `Not Specified` when the file has none
-- :msg_id                  as in the file
-- :city                    as in the file
-- :cost_center             as in the file
-- :cost_center_short_text  as in the file
-- :personnel_number        as in the file
-- :name_prefix             as in the file
-- :initial_entry           as in the file
-- :leaving_date            as in the file
-- :company_code            as in the file
-- :personnel_area          as in the file
-- :personnel_area_text     as in the file
-- :personnel_subarea       as in the file
-- :personnel_subarea_text  as in the file
-- :employee_group          as in the file
-- :employee_subgroup       as in the file
-- :object_abbreviation     as in the file
-- :job_level               as in the file
-- :employment_percentage   as in the file
-- :country                 ISO 3166 alpha-2
-- :to_delete               1: marked for deletion
-- :delete_at               the day from which they may be purged
-- :id                      the person
UPDATE pm_user
   SET imported_at = :imported_at,
       first_name = :first_name,
       last_name = :last_name,
       email = :email,
       business_unit = :business_unit,
       company = :company,
       job = :job,
       manager_email = :manager_email,
       msg_id = :msg_id,
       city = :city,
       cost_center = :cost_center,
       cost_center_short_text = :cost_center_short_text,
       personnel_number = :personnel_number,
       name_prefix = :name_prefix,
       initial_entry = :initial_entry,
       leaving_date = :leaving_date,
       company_code = :company_code,
       personnel_area = :personnel_area,
       personnel_area_text = :personnel_area_text,
       personnel_subarea = :personnel_subarea,
       personnel_subarea_text = :personnel_subarea_text,
       employee_group = :employee_group,
       employee_subgroup = :employee_subgroup,
       object_abbreviation = :object_abbreviation,
       job_level = :job_level,
       employment_percentage = :employment_percentage,
       country = :country,
       to_delete = :to_delete,
       delete_at = :delete_at
 WHERE id = :id
