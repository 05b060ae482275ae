insert into domain.function_groups (function_group, device_function)
select unnest(array['OWNER', 'AD_HOC']), 'GET_BATTERY_VOLTAGE'
on conflict do nothing;
