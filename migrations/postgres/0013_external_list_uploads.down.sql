DROP TABLE external_list_uploads;
