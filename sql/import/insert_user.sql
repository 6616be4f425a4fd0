-- Add a person.
-- :id                      the person
-- :first_name              as in the file
-- :last_name               as in the file
-- :email                   as in the file
-- :business_unit           first four digits of the cost centre
-- :company                 as in the file
-- :job                     as in the file
-- :manager_email           `Not Specified` when the file has none
-- :msg_id                  as in the file
-- :city                    as in the file
-- :cost_center             as in the file
-- :imported_at             the run's moment, UTC
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
INSERT INTO pm_user
       (id, first_name, last_name, email, business_unit, company, job, manager_email, msg_id, city,
        cost_center, imported_at, cost_center_short_text, personnel_number, name_prefix,
        initial_entry, leaving_date, company_code, personnel_area, personnel_area_text,
        personnel_subarea, personnel_subarea_text, employee_group, employee_subgroup,
        object_abbreviation, job_level, employment_percentage, country, to_delete, delete_at)
VALUES (:id, :first_name, :last_name, :email, :business_unit, :company, :job, :manager_email,
        :msg_id, :city, :cost_center, :imported_at, :cost_center_short_text, :personnel_number,
        :name_prefix, :initial_entry, :leaving_date, :company_code, :personnel_area,
        :personnel_area_text, :personnel_subarea, :personnel_subarea_text, :employee_group,
        :employee_subgroup, :object_abbreviation, :job_level, :employment_percentage, :country,
        :to_delete, :delete_at)
