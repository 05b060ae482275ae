-- Registers of firmware, in the manner of `administration.sql`; octets travel as hexadecimal digits.

-- name: load_firmware_contents
select jsonb_build_object('sha256', encode(c.sha256, 'hex'), 'size', c.size)
from domain.firmware_contents c where c.sha256 in (select decode(k, 'hex') from unnest(%(keys)b::text[]) as k)
order by c.sha256 for update of c;

-- name: insert_firmware_contents
with n as (
    select decode(r.sha256, 'hex') as sha256, decode(r.octets, 'hex') as octets
    from jsonb_to_recordset(%(rows)b::jsonb) as r (sha256 text, octets text)
), named as (
    insert into domain.firmware_contents (sha256, size) select n.sha256, length(n.octets) from n order by n.sha256
)
insert into domain.firmware_blocks (sha256, block, octets)
select n.sha256, b, substring(n.octets from b * 262144 + 1 for 262144)
from n, generate_series(0, (length(n.octets) - 1) / 262144) as b;

-- name: load_firmware_files
select jsonb_build_object(
    'identification', f.identification, 'number', f.number, 'file_name', f.file_name, 'created_at', f.created_at,
    'description', f.description, 'push_to_new_devices', f.push_to_new_devices, 'active', f.active,
    'module_versions', f.module_versions, 'sha256', encode(f.sha256, 'hex'), 'url', f.url, 'size', f.size,
    'image_identifier', encode(f.image_identifier, 'hex'), 'is_mbus', f.is_mbus, 'models', (
        select coalesce(jsonb_agg(jsonb_build_object('manufacturer', m.manufacturer, 'model_code', m.model_code)
                                  order by m.manufacturer, m.model_code), '[]')
        from domain.firmware_models m where m.firmware = f.number),
    'has_devices', exists(
        select from domain.device_firmwares i join domain.devices d using (device_identification)
        where i.firmware = f.number and d.state = 'active'))
from domain.firmware_files f
where f.identification = any(%(keys)b::text[]) or 'number ' || f.number = any(%(keys)b::text[])
order by f.identification for update of f;

-- name: insert_firmware_files
with n as (
    select * from jsonb_to_recordset(%(rows)b::jsonb) as r (
        identification text, file_name text, created_at timestamptz, description text, push_to_new_devices boolean,
        active boolean, module_versions jsonb, sha256 text, url text, size integer, image_identifier text,
        is_mbus boolean, models jsonb)
), added as (
    insert into domain.firmware_files (identification, file_name, created_at, description, push_to_new_devices,
                                       active, module_versions, sha256, url, size, image_identifier, is_mbus)
    select n.identification, n.file_name, n.created_at, n.description, n.push_to_new_devices, n.active,
           n.module_versions, decode(n.sha256, 'hex'), n.url, n.size, decode(n.image_identifier, 'hex'), n.is_mbus
    from n order by n.identification
    returning number, identification
)
insert into domain.firmware_models (firmware, manufacturer, model_code)
select distinct a.number, m.manufacturer, m.model_code
from added a join n using (identification),
     jsonb_to_recordset(n.models) as m (manufacturer text, model_code text);

-- name: update_firmware_files
with n as (
    select * from jsonb_to_recordset(%(rows)b::jsonb) as r (
        number integer, file_name text, created_at timestamptz, description text, push_to_new_devices boolean,
        active boolean, module_versions jsonb, sha256 text, url text, size integer, image_identifier text,
        is_mbus boolean, models jsonb)
), wanted as (
    select distinct n.number as firmware, m.manufacturer, m.model_code
    from n, jsonb_to_recordset(n.models) as m (manufacturer text, model_code text)
), changed as (
    update domain.firmware_files f
    set file_name = n.file_name, created_at = n.created_at, description = n.description,
        push_to_new_devices = n.push_to_new_devices, active = n.active, module_versions = n.module_versions,
        sha256 = decode(n.sha256, 'hex'), url = n.url, size = n.size, image_identifier = decode(n.image_identifier, 'hex'), is_mbus = n.is_mbus
    from n where f.number = n.number
), gone as (
    delete from domain.firmware_models m
    where m.firmware in (select n.number from n)
      and (m.firmware, m.manufacturer, m.model_code) not in (select * from wanted)
)
insert into domain.firmware_models (firmware, manufacturer, model_code) select * from wanted on conflict do nothing;

-- name: delete_firmware_files
delete from domain.firmware_files where identification = any(%(keys)b::text[]);

-- name: load_offered_images
select jsonb_build_object(
    'identification', f.identification, 'sha256', encode(f.sha256, 'hex'), 'size', coalesce(c.size, f.size, 0),
    'url', f.url, 'image_identifier', encode(f.image_identifier, 'hex'), 'is_mbus', f.is_mbus,
    'models', array(select m.manufacturer || ' ' || m.model_code from domain.firmware_models m
                    where m.firmware = f.number))
from domain.firmware_files f left join domain.firmware_contents c on c.sha256 = f.contents
where f.identification = any(%(keys)b::text[]);

-- name: load_models_of_devices
select jsonb_build_object(
    'device_identification', d.device_identification, 'manufacturer', d.model ->> 'manufacturer',
    'model_code', d.model ->> 'model_code')
from domain.devices d where d.device_identification = any(%(keys)b::text[]);

-- name: load_device_firmwares
select jsonb_build_object('device_identification', w.device, 'entries', coalesce((
    select jsonb_agg(jsonb_build_object(
        'id', i.id, 'firmware', i.firmware, 'module_versions', f.module_versions, 'installed_at', i.installed_at,
        'installed_by', i.installed_by, 'active', i.active) order by i.id)
    from domain.device_firmwares i join domain.firmware_files f on f.number = i.firmware
    where i.device_identification = w.device), '[]'))
from unnest(%(keys)b::text[]) as w (device);

-- name: update_device_firmwares
with n as (
    select r.device_identification, e.*
    from jsonb_to_recordset(%(rows)b::jsonb) as r (device_identification text, entries jsonb)
    left join lateral jsonb_to_recordset(r.entries)
      as e (id bigint, firmware integer, installed_at timestamptz, installed_by text, active boolean) on true
), gone as (
    delete from domain.device_firmwares i
    where i.device_identification in (select n.device_identification from n)
      and not exists (select from n where n.id = i.id)
), changed as (
    update domain.device_firmwares i set active = n.active from n where i.id = n.id and i.active <> n.active
)
insert into domain.device_firmwares (device_identification, firmware, installed_at, installed_by, active)
select n.device_identification, n.firmware, n.installed_at, n.installed_by, n.active from n where n.id = 0;

-- name: firmware_file
select f.identification, f.number, f.file_name, f.created_at, f.description, f.push_to_new_devices, f.active,
       f.module_versions, f.sha256, f.image_identifier, f.url, coalesce(c.size, f.size) as size,
       (select jsonb_agg(jsonb_build_object('manufacturer', m.manufacturer, 'model_code', m.model_code,
                                            'description', d.description) order by m.manufacturer, m.model_code)
        from domain.firmware_models m join domain.device_models d using (manufacturer, model_code)
        where m.firmware = f.number) as device_models,
       (select string_agg(b.octets, '' order by b.block) from domain.firmware_blocks b
        where b.sha256 = f.contents) as file
from domain.firmware_files f left join domain.firmware_contents c on c.sha256 = f.contents
where f.number = %(number)s;

-- name: firmware_files
select f.identification, f.number, f.file_name, f.created_at, f.description, f.push_to_new_devices, f.active,
       f.module_versions, f.sha256, f.image_identifier, f.url, coalesce(c.size, f.size) as size,
       (select jsonb_agg(jsonb_build_object('manufacturer', m.manufacturer, 'model_code', m.model_code,
                                            'description', d.description) order by m.manufacturer, m.model_code)
        from domain.firmware_models m join domain.device_models d using (manufacturer, model_code)
        where m.firmware = f.number) as device_models
from domain.firmware_files f left join domain.firmware_contents c on c.sha256 = f.contents
where (%(active)s::boolean is null or f.active = %(active)s)
  and exists(select from domain.firmware_models m
             where m.firmware = f.number and m.model_code = %(model_code)s
               and (%(manufacturer)s::text is null or m.manufacturer = %(manufacturer)s))
order by f.number;

-- name: firmwares_of_device
select d.model ->> 'manufacturer' as manufacturer, d.model ->> 'model_code' as model_code, i.installed_at,
       i.installed_by, i.active as is_installed, f.identification, f.number, f.file_name, f.created_at, f.description,
       f.push_to_new_devices, f.active, f.module_versions, f.sha256, f.image_identifier, f.url,
       coalesce(c.size, f.size) as size
from domain.devices d
left join domain.device_firmwares i using (device_identification)
left join domain.firmware_files f on f.number = i.firmware
left join domain.firmware_contents c on c.sha256 = f.contents
where d.device_identification = %(device)s
order by i.installed_at desc, i.id desc;

-- name: claim_firmware_blocks
select b.sha256, b.block, b.octets, c.size, c.added_at
from domain.firmware_blocks b join domain.firmware_contents c using (sha256)
where not b.published
order by b.sha256, b.block limit %(limit)s
for update of b skip locked;

-- name: mark_firmware_blocks
update domain.firmware_blocks b set published = true
from unnest(%(sha256)b::bytea[], %(blocks)b::smallint[]) as n (sha256, block)
where b.sha256 = n.sha256 and b.block = n.block;

-- name: claim_unused_contents
select c.sha256, c.size from domain.firmware_contents c
where not exists (select from domain.firmware_files f where f.contents = c.sha256)
order by c.sha256 limit %(limit)s
for update of c skip locked;

-- name: delete_firmware_contents
delete from domain.firmware_contents where sha256 = any(%(sha256)b::bytea[]);
