-- Registers: rows that operations change by key. Arguments and rows are JSON objects in the shape of the register's
-- model. `load_` gives one column, the row; `insert_`, `update_` and `delete_` write what decisions changed.

-- name: load_manufacturers
select to_jsonb(m) || jsonb_build_object('has_models', exists(
    select from domain.device_models d where d.manufacturer = m.code))
from domain.manufacturers m where m.code = any(%(keys)b::text[])
order by m.code for update of m;

-- name: insert_manufacturers
insert into domain.manufacturers (code, name, use_prefix)
select n.code, n.name, n.use_prefix
from jsonb_to_recordset(%(rows)b::jsonb) as n (code text, name text, use_prefix boolean) order by n.code;

-- name: update_manufacturers
update domain.manufacturers m set name = n.name, use_prefix = n.use_prefix
from jsonb_to_recordset(%(rows)b::jsonb) as n (code text, name text, use_prefix boolean) where m.code = n.code;

-- name: delete_manufacturers
delete from domain.manufacturers where code = any(%(keys)b::text[]);

-- name: load_device_models
select to_jsonb(m) || jsonb_build_object('has_devices', exists(
    select from domain.devices d
    where d.model ->> 'manufacturer' = m.manufacturer and d.model ->> 'model_code' = m.model_code
      and d.state = 'active'), 'has_firmware', exists(
    select from domain.firmware_models f where f.manufacturer = m.manufacturer and f.model_code = m.model_code))
from domain.device_models m where m.manufacturer || ' ' || m.model_code = any(%(keys)b::text[])
order by m.manufacturer, m.model_code for update of m;

-- name: insert_device_models
insert into domain.device_models (manufacturer, model_code, description)
select n.manufacturer, n.model_code, n.description
from jsonb_to_recordset(%(rows)b::jsonb) as n (manufacturer text, model_code text, description text)
order by n.manufacturer, n.model_code;

-- name: update_device_models
update domain.device_models m set description = n.description
from jsonb_to_recordset(%(rows)b::jsonb) as n (manufacturer text, model_code text, description text)
where m.manufacturer = n.manufacturer and m.model_code = n.model_code;

-- name: delete_device_models
delete from domain.device_models where manufacturer || ' ' || model_code = any(%(keys)b::text[]);

-- name: load_organisation_entries
select jsonb_build_object(
    'organisation', o.organisation, 'name', o.name, 'prefix', o.prefix, 'admin', o.admin, 'enabled', o.enabled,
    'domains', o.domains, 'has_authorisations', exists(
        select from domain.device_authorisations a where a.organisation = o.organisation))
from domain.organisations o where o.organisation = any(%(keys)b::text[])
order by o.organisation for update of o;

-- name: insert_organisation_entries
insert into domain.organisations (organisation, name, prefix, admin, enabled, domains, certificate_names)
select n.organisation, n.name, n.prefix, n.admin, n.enabled, n.domains, array[n.organisation]
from jsonb_to_recordset(%(rows)b::jsonb)
  as n (organisation text, name text, prefix text, admin boolean, enabled boolean, domains text[])
order by n.organisation;

-- name: update_organisation_entries
update domain.organisations o
set name = n.name, prefix = n.prefix, admin = n.admin, enabled = n.enabled, domains = n.domains,
    revision = o.revision + 1, changed_at = now()
from jsonb_to_recordset(%(rows)b::jsonb)
  as n (organisation text, name text, prefix text, admin boolean, enabled boolean, domains text[])
where o.organisation = n.organisation;

-- name: load_upkeep
select jsonb_strip_nulls(jsonb_build_object(
    'device_identification', w.device, 'lifecycle_status', d.lifecycle_status, 'in_maintenance', d.in_maintenance,
    'activated', d.activated, 'alias', d.alias, 'address', d.address, 'latitude', d.latitude,
    'longitude', d.longitude, 'eans', d.eans, 'technical_installation_date', d.technical_installation_date,
    'mast_segment', d.mast_segment, 'batch_number', d.batch_number, 'lifecycle_at', d.lifecycle_at))
from unnest(%(keys)b::text[]) as w (device)
left join domain.devices d on d.device_identification = w.device;

-- name: update_upkeep
update domain.devices d
set lifecycle_status = n.lifecycle_status, in_maintenance = n.in_maintenance, activated = n.activated,
    alias = n.alias, address = n.address, latitude = n.latitude, longitude = n.longitude, eans = n.eans,
    technical_installation_date = n.technical_installation_date, mast_segment = n.mast_segment,
    batch_number = n.batch_number, lifecycle_at = n.lifecycle_at
from jsonb_to_recordset(%(rows)b::jsonb) as n (
    device_identification text, lifecycle_status text, in_maintenance boolean, activated boolean, alias text,
    address jsonb, latitude text, longitude text, eans jsonb, technical_installation_date timestamptz,
    mast_segment text, batch_number smallint, lifecycle_at timestamptz)
where d.device_identification = n.device_identification;

-- name: load_descriptions
select jsonb_build_object('device_identification', d.device_identification, 'description', d.description)
from domain.devices d where d.device_identification = any(%(keys)b::text[]);

-- name: load_grants
select jsonb_build_object('device_identification', w.device, 'grants', coalesce((
    select jsonb_agg(jsonb_build_object('organisation', a.organisation, 'function_group', a.function_group)
                     order by a.organisation, a.function_group)
    from domain.device_authorisations a where a.device_identification = w.device), '[]'))
from unnest(%(keys)b::text[]) as w (device);

-- name: update_grants
with n as (
    select r.device_identification, g.organisation, g.function_group
    from jsonb_to_recordset(%(rows)b::jsonb) as r (device_identification text, grants jsonb)
    left join lateral jsonb_to_recordset(r.grants) as g (organisation text, function_group text) on true
), gone as (
    delete from domain.device_authorisations a
    where a.device_identification in (select n.device_identification from n)
      and not exists (select from n where n.device_identification = a.device_identification
                        and n.organisation = a.organisation and n.function_group = a.function_group)
)
insert into domain.device_authorisations (organisation, device_identification, function_group)
select n.organisation, n.device_identification, n.function_group from n where n.organisation is not null
on conflict do nothing;

-- name: organisation_entries
select o.organisation, o.name, o.prefix, case when o.admin then 'ADMIN' else 'USER' end as function_group, o.enabled,
       o.domains
from domain.organisations o
where %(organisation)s::text is null or o.organisation = %(organisation)s
order by o.organisation;

-- name: manufacturers
select number, code, name, use_prefix from domain.manufacturers order by code;

-- name: device_models
select manufacturer, model_code, description from domain.device_models
where %(model_code)s::text is null or model_code = %(model_code)s
order by manufacturer, model_code;

-- name: authorisations_of
select function_group, organisation from domain.device_authorisations
where device_identification = %(device)s order by organisation, function_group;

-- name: devices_without_owner
select d.device_identification
from domain.devices d
where d.state = 'active' and not exists (
    select from domain.device_authorisations a
    where a.device_identification = d.device_identification and a.function_group = 'OWNER')
order by d.device_identification
limit %(size)s offset %(skip)s;

-- name: count_devices_without_owner
select count(*) as total
from domain.devices d
where d.state = 'active' and not exists (
    select from domain.device_authorisations a
    where a.device_identification = d.device_identification and a.function_group = 'OWNER');

-- name: standing
select o.admin,
       exists(select from domain.devices d where d.device_identification = %(device)s and d.state = 'active') as is_known,
       exists(select from domain.device_authorisations a
              where a.organisation = o.organisation and a.device_identification = %(device)s
                and a.function_group = 'OWNER') as is_owner
from domain.organisations o where o.organisation = %(organisation)s;

-- name: scheduled_tasks
select c.organisation, c.correlation_uid, c.operation, c.device_identification, c.stage, c.changed_at, c.due_at
from domain.commands c
where c.stage in ('scheduled', 'waiting_for_retry')
  and (%(device)s::text is null or c.device_identification = %(device)s)
order by c.due_at, c.organisation, c.correlation_uid
limit %(limit)s;

-- name: find_devices
with visible as (
    select d.*,
           (select min(a.organisation) from domain.device_authorisations a
            where a.device_identification = d.device_identification and a.function_group = 'OWNER') as owner
    from domain.devices d
    where d.state = 'active'
      and (exists(select from domain.organisations o where o.organisation = %(asker)s and o.admin)
           or exists(select from domain.device_authorisations a
                     where a.organisation = %(asker)s and a.device_identification = d.device_identification))
), fitting as (
    select v.* from visible v
    where (%(organisation)s::text is null or exists(
              select from domain.device_authorisations a
              where a.organisation = %(organisation)s and a.device_identification = v.device_identification))
      and (%(device_identification)s::text is null or v.device_identification ilike %(device_identification)s)
      and (%(alias)s::text is null or v.alias ilike %(alias)s)
      and (%(city)s::text is null or v.address ->> 'city' ilike %(city)s)
      and (%(postal_code)s::text is null or v.address ->> 'postal_code' ilike %(postal_code)s)
      and (%(street)s::text is null or v.address ->> 'street' ilike %(street)s)
      and (%(number)s::text is null or v.address ->> 'number' ilike %(number)s)
      and (%(municipality)s::text is null or v.address ->> 'municipality' ilike %(municipality)s)
      and (%(device_type)s::text is null or v.device_type ilike %(device_type)s)
      and (%(manufacturer)s::text is null or v.model ->> 'manufacturer' ilike %(manufacturer)s)
      and (%(model)s::text is null or v.model ->> 'model_code' ilike %(model)s)
      and (%(owner)s::text is null or v.owner ilike %(owner)s)
      and (%(activated)s::boolean is null or v.activated = %(activated)s)
      and (%(in_maintenance)s::boolean is null or v.in_maintenance = %(in_maintenance)s)
      and (not %(has_technical_installation)s or v.technical_installation_date is not null)
      and (%(relay_state)s::text is null or coalesce(v.relay_state, 'UNKNOWN') = %(relay_state)s)
      and (not %(has_module)s or exists(
              select from (
                  select n.module, n.version from domain.module_versions n
                  where n.device_identification = v.device_identification
                  union all
                  select m.module, m.version
                  from domain.device_firmwares i
                  join domain.firmware_files f on f.number = i.firmware,
                      jsonb_each_text(jsonb_strip_nulls(f.module_versions)) as m (module, version)
                  where i.device_identification = v.device_identification and i.active and not exists(
                      select from domain.module_versions n where n.device_identification = v.device_identification)
              ) as n
              where (%(modules)s::text[] is null or n.module = any(%(modules)s::text[]))
                and (%(firmware_version)s::text is null or n.version ilike %(firmware_version)s)))
      and (%(only)s::text[] is null or v.device_identification = any(%(only)s::text[]))
      and (%(not_these)s::text[] is null or v.device_identification <> all(%(not_these)s::text[]))
), keyed as (
    select f.*, count(*) over () as total, case %(sorted_by)s
        when 'alias' then f.alias when 'deviceType' then f.device_type when 'containerCity' then f.address ->> 'city'
        when 'containerPostalCode' then f.address ->> 'postal_code' when 'containerStreet' then f.address ->> 'street'
        when 'inMaintenance' then f.in_maintenance::text when 'deviceLifecycleStatus' then f.lifecycle_status
        when 'technicalInstallationDate' then to_char(f.technical_installation_date, 'YYYY-MM-DD"T"HH24:MI:SS.US')
        else f.device_identification end as sort_key
    from fitting f
), page as (
    select * from keyed k
    order by case when %(descending)s then k.sort_key end desc nulls last,
             case when not %(descending)s then k.sort_key end asc nulls last, k.device_identification
    limit %(size)s offset %(skip)s
)
select p.total, p.device_uid::text as device_uid, p.device_identification, p.alias, p.owner, p.address, p.latitude,
       p.longitude, p.description ->> 'network_address' as network_address, p.device_type, p.activated, p.eans,
       p.in_maintenance, p.technical_installation_date, p.lifecycle_status, p.model ->> 'manufacturer' as manufacturer,
       p.model ->> 'model_code' as model_code, m.name as manufacturer_name, coalesce(m.use_prefix, false) as use_prefix,
       dm.description as model_description, case when p.relay_state is not null then jsonb_build_object(
           'output_state', p.relay_output, 'control_state', p.relay_state, 'read_at', p.relay_at,
           'source', p.relay_source) end as relay,
       exists(select from domain.commands c
              where c.device_identification = p.device_identification and c.stage = 'scheduled') as has_schedule,
       p.description ->> 'signature_public_key' is not null as public_key_present,
       (select coalesce(jsonb_agg(jsonb_build_object('organisation', a.organisation, 'function_group', a.function_group)
                                  order by a.organisation, a.function_group), '[]')
        from domain.device_authorisations a
        where a.device_identification = p.device_identification) as authorisations
from page p
left join domain.manufacturers m on m.code = p.model ->> 'manufacturer'
left join domain.device_models dm
  on dm.manufacturer = p.model ->> 'manufacturer' and dm.model_code = p.model ->> 'model_code'
order by case when %(descending)s then p.sort_key end desc nulls last,
         case when not %(descending)s then p.sort_key end asc nulls last, p.device_identification;
