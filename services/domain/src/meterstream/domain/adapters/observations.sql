-- What meters told. Rows are JSON objects in the shape of the kind's model; what was observed later stays as it is.

-- name: learn_time_zones
update domain.devices d
set time_zone = n.time_zone, time_zone_at = n.observed_at, revision = d.revision + 1, changed_at = n.observed_at
from (
    select d.device_identification, w.time_zone, w.observed_at
    from domain.devices d
    join jsonb_to_recordset(%(rows)b::jsonb)
      as w (device_identification text, time_zone text, observed_at timestamptz) using (device_identification)
    where d.state = 'active' and not d.is_mbus and d.time_zone is distinct from w.time_zone
      and coalesce(d.time_zone_at, '-infinity') < w.observed_at
    order by d.device_identification
    for update of d
) n
where d.device_identification = n.device_identification;

-- name: learn_system_titles
update domain.devices d
set system_title = n.title, system_title_at = n.observed_at, revision = d.revision + 1, changed_at = n.observed_at
from (
    select d.device_identification, decode(w.system_title, 'hex') as title, w.observed_at
    from domain.devices d
    join jsonb_to_recordset(%(rows)b::jsonb)
      as w (device_identification text, system_title text, observed_at timestamptz) using (device_identification)
    where d.state = 'active' and not d.is_mbus and d.system_title is distinct from decode(w.system_title, 'hex')
      and coalesce(d.system_title_at, '-infinity') < w.observed_at
    order by d.device_identification
    for update of d
) n
where d.device_identification = n.device_identification;

-- name: learn_relays
update domain.devices d
set relay_output = n.output_state, relay_state = n.control_state, relay_at = n.observed_at, relay_source = n.source
from (
    select d.device_identification, w.output_state, w.control_state, w.observed_at, w.source
    from domain.devices d
    join jsonb_to_recordset(%(rows)b::jsonb) as w (
        device_identification text, output_state boolean, control_state text, source text, observed_at timestamptz)
      using (device_identification)
    where d.state = 'active' and coalesce(d.relay_at, '-infinity') < w.observed_at
    order by d.device_identification
    for update of d
) n
where d.device_identification = n.device_identification;

-- name: learn_hls_flags
update domain.devices d
set description = d.description || n.flags, hls_flags_at = n.observed_at,
    revision = d.revision + (d.description is distinct from d.description || n.flags)::integer,
    changed_at = n.observed_at
from (
    select d.device_identification, w.observed_at, jsonb_strip_nulls(jsonb_build_object(
        'hls3_active', w.hls3_active, 'hls4_active', w.hls4_active, 'hls5_active', w.hls5_active)) as flags
    from domain.devices d
    join jsonb_to_recordset(%(rows)b::jsonb) as w (
        device_identification text, hls3_active boolean, hls4_active boolean, hls5_active boolean,
        observed_at timestamptz) using (device_identification)
    where d.state = 'active' and not d.is_mbus and coalesce(d.hls_flags_at, '-infinity') < w.observed_at
    order by d.device_identification
    for update of d
) n
where d.device_identification = n.device_identification;

-- name: learn_module_versions
insert into domain.module_versions as m (device_identification, module, version, observed_at)
select w.device_identification, w.module, w.version, w.observed_at
from jsonb_to_recordset(%(rows)b::jsonb)
  as w (device_identification text, module text, version text, observed_at timestamptz)
join domain.devices d on d.device_identification = w.device_identification and d.state = 'active'
order by w.device_identification, w.module
on conflict (device_identification, module) do update
set version = excluded.version, observed_at = excluded.observed_at
where m.observed_at < excluded.observed_at;

-- name: forget_observations
with gone as (
    delete from domain.module_versions where device_identification = any(%(devices)b::text[])
)
update domain.devices
set relay_output = null, relay_state = null, relay_at = null, relay_source = null, lifecycle_at = null,
    system_title = null, system_title_at = null
where device_identification = any(%(devices)b::text[]);

-- name: find_kin
with named as (
    select device_identification, gateway from domain.devices
    where device_identification = any(%(devices)b::text[])
    union
    select device_identification, gateway from domain.devices
    where is_mbus and state = 'active'
      and (description ->> 'mbus_manufacturer_identification') || (description ->> 'mbus_identification_number')
          = any(%(names)b::text[])
)
select device_identification from named
union
select gateway from named where gateway is not null
union
select d.device_identification from domain.devices d join named n on d.gateway = n.device_identification where d.is_mbus;
