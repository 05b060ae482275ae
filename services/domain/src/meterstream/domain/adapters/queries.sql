-- Statements of schema domain. Arrays of equal length stand for rows; locks are taken in the order of the keys.

-- name: load_commands
select c.organisation, c.correlation_uid, c.operation, c.device_identification, c.request_hash, c.command,
       c.source, c.moved_by, c.stage, c.attempt, c.changed_at, c.expires_at, c.timer_at, c.due_at, c.gateway, c.channel, c.mbus_identity,
       c.record_revision, c.not_after, c.status, c.answer, c.result, c.attachments
from domain.commands c
join unnest(%(organisations)b::text[], %(uids)b::text[]) as k (organisation, correlation_uid)
  on c.organisation = k.organisation and c.correlation_uid = k.correlation_uid
order by c.organisation, c.correlation_uid
for update of c;

-- name: load_due_commands
select c.organisation, c.correlation_uid, c.operation, c.device_identification, c.request_hash, c.command,
       c.source, c.moved_by, c.stage, c.attempt, c.changed_at, c.expires_at, c.timer_at, c.due_at, c.gateway, c.channel, c.mbus_identity,
       c.record_revision, c.not_after, c.status, c.answer, c.result, c.attachments, now()
from domain.commands c
where c.stage <> 'final' and c.timer_at <= now()
order by c.timer_at
limit %(limit)s
for update skip locked;

-- name: lock_devices
select device_identification from domain.devices
where device_identification = any(%(devices)b::text[])
order by device_identification
for update;

-- name: load_devices
select w.organisation, d.device_identification, d.device_uid::text, d.organisation, d.state, d.is_mbus, d.channel,
       d.mbus_identity, d.revision, d.published_revision, d.time_zone,
       g.device_identification, g.state, g.revision, g.published_revision,
       array(select a.function_group from domain.device_authorisations a
             where a.organisation = w.organisation and a.device_identification = w.device),
       d.debug, d.use_short_names, d.use_hdlc,
       case when d.is_mbus then jsonb_build_object(
           'identification_number', d.description ->> 'mbus_identification_number',
           'manufacturer', d.description ->> 'mbus_manufacturer_identification',
           'version', d.description -> 'mbus_version',
           'device_type', d.description -> 'mbus_device_type_identification',
           'model_code', d.model ->> 'model_code', 'primary_address', d.primary_address) end,
       d.coupled_at
from unnest(%(organisations)b::text[], %(devices)b::text[]) as w (organisation, device)
join domain.devices d on d.device_identification = w.device
left join domain.devices g on g.device_identification = d.gateway;

-- name: load_organisations
select organisation, enabled, admin, kafka_commands, slug, signing_key
from domain.organisations where organisation = any(%(organisations)b::text[]);

-- name: load_keys
select device_identification, key_id, kind, state, proven, sealed, changed_at, proven_at
from domain.device_keys where device_identification = any(%(devices)b::text[]);

-- name: find_unproven
select distinct k.device_identification
from domain.device_keys k
join unnest(%(devices)b::text[], %(key_ids)b::text[]) as p (device, key_id)
  on k.device_identification = p.device and k.key_id = p.key_id
where not (k.proven and k.state = 'ACTIVE');

-- name: insert_commands
insert into domain.commands (
    organisation, correlation_uid, operation, device_identification, request_hash, command,
    source, moved_by, stage, attempt, changed_at, expires_at, timer_at, due_at, gateway, channel, mbus_identity,
    record_revision, not_after, status, answer, result, attachments)
select * from unnest(
    %(organisation)b::text[], %(correlation_uid)b::text[], %(operation)b::text[], %(device_identification)b::text[],
    %(request_hash)b::bytea[], %(command)b::bytea[],
    %(source)b::text[], %(moved_by)b::text[], %(stage)b::text[], %(attempt)b::smallint[], %(changed_at)b::timestamptz[], %(expires_at)b::timestamptz[],
    %(timer_at)b::timestamptz[], %(due_at)b::timestamptz[], %(gateway)b::text[], %(channel)b::smallint[],
    %(mbus_identity)b::text[], %(record_revision)b::bigint[], %(not_after)b::timestamptz[], %(status)b::text[],
    %(answer)b::bytea[], %(result)b::bytea[], %(attachments)b::text[]);

-- name: update_commands
update domain.commands c
set moved_by = n.moved_by, stage = n.stage, attempt = n.attempt, changed_at = n.changed_at, timer_at = n.timer_at, due_at = n.due_at,
    gateway = n.gateway, channel = n.channel, mbus_identity = n.mbus_identity, record_revision = n.record_revision,
    not_after = n.not_after, status = n.status, answer = n.answer, result = n.result, attachments = n.attachments
from unnest(
    %(organisation)b::text[], %(correlation_uid)b::text[],
    %(moved_by)b::text[], %(stage)b::text[], %(attempt)b::smallint[], %(changed_at)b::timestamptz[], %(timer_at)b::timestamptz[],
    %(due_at)b::timestamptz[], %(gateway)b::text[], %(channel)b::smallint[], %(mbus_identity)b::text[],
    %(record_revision)b::bigint[], %(not_after)b::timestamptz[], %(status)b::text[],
    %(answer)b::bytea[], %(result)b::bytea[], %(attachments)b::text[]
) as n (organisation, correlation_uid, moved_by, stage, attempt, changed_at,
        timer_at, due_at, gateway, channel, mbus_identity, record_revision, not_after, status, answer, result,
        attachments)
where c.organisation = n.organisation and c.correlation_uid = n.correlation_uid;

-- name: forget_commands
delete from domain.commands
where ctid = any(array(
    select ctid from domain.commands where stage = 'final' and timer_at < now()
    order by timer_at limit %(limit)s for update skip locked));

-- name: insert_devices
insert into domain.devices (
    device_identification, device_uid, organisation, state, is_mbus, gateway, channel, mbus_identity,
    description, model, time_zone, revision, published_revision, changed_at, debug, use_short_names, use_hdlc,
    primary_address, coupled_at)
select * from unnest(
    %(device_identification)b::text[], %(device_uid)b::uuid[], %(organisation)b::text[], %(state)b::text[],
    %(is_mbus)b::boolean[], %(gateway)b::text[], %(channel)b::smallint[], %(mbus_identity)b::text[],
    %(description)b::jsonb[], %(model)b::jsonb[], %(time_zone)b::text[], %(revision)b::bigint[],
    %(published_revision)b::bigint[], %(changed_at)b::timestamptz[], %(debug)b::boolean[],
    %(use_short_names)b::boolean[], %(use_hdlc)b::boolean[], %(primary_address)b::smallint[],
    %(coupled_at)b::timestamptz[]);

-- name: update_devices
update domain.devices d
set organisation = n.organisation, state = n.state, is_mbus = n.is_mbus, gateway = n.gateway, channel = n.channel,
    mbus_identity = n.mbus_identity, description = coalesce(n.description, d.description),
    model = coalesce(n.model, d.model), time_zone = n.time_zone, revision = n.revision,
    published_revision = greatest(d.published_revision, n.published_revision),
    changed_at = coalesce(n.changed_at, d.changed_at), debug = n.debug, use_short_names = n.use_short_names,
    use_hdlc = n.use_hdlc, primary_address = n.primary_address, coupled_at = n.coupled_at
from unnest(
    %(device_identification)b::text[], %(organisation)b::text[], %(state)b::text[],
    %(is_mbus)b::boolean[], %(gateway)b::text[], %(channel)b::smallint[], %(mbus_identity)b::text[],
    %(description)b::jsonb[], %(model)b::jsonb[], %(time_zone)b::text[], %(revision)b::bigint[],
    %(published_revision)b::bigint[], %(changed_at)b::timestamptz[], %(debug)b::boolean[],
    %(use_short_names)b::boolean[], %(use_hdlc)b::boolean[], %(primary_address)b::smallint[],
    %(coupled_at)b::timestamptz[]
) as n (device_identification, organisation, state, is_mbus, gateway, channel, mbus_identity, description, model,
        time_zone, revision, published_revision, changed_at, debug, use_short_names, use_hdlc,
        primary_address, coupled_at)
where d.device_identification = n.device_identification;

-- name: upsert_keys
insert into domain.device_keys (device_identification, kind, key_id, state, proven, proven_at, sealed, changed_at)
select * from unnest(
    %(device_identification)b::text[], %(kind)b::text[], %(key_id)b::text[], %(state)b::text[], %(proven)b::boolean[],
    %(proven_at)b::timestamptz[], %(sealed)b::bytea[], %(changed_at)b::timestamptz[])
on conflict (device_identification, kind, key_id) do update
set state = excluded.state, proven = excluded.proven, proven_at = excluded.proven_at,
    changed_at = excluded.changed_at;

-- name: revoke
delete from domain.device_authorisations where device_identification = any(%(devices)b::text[]);

-- name: grant
insert into domain.device_authorisations (organisation, device_identification, function_group)
select * from unnest(%(organisations)b::text[], %(devices)b::text[], %(function_groups)b::text[])
on conflict do nothing;

-- name: function_groups
select function_group, device_function from domain.function_groups;

-- name: device_pages
select w.ordinal, w.total, d.device_uid::text, d.device_identification, d.device_type, d.activated,
       exists (select from domain.commands c
               where c.device_identification = d.device_identification and c.stage = 'scheduled'),
       d.description ->> 'signature_public_key' is not null,
       case when d.relay_state is not null then jsonb_build_object(
           'output_state', d.relay_output, 'control_state', d.relay_state, 'read_at', d.relay_at,
           'source', d.relay_source) end
from (
    select ordinal, organisation, page,
           (select count(distinct a.device_identification) from domain.device_authorisations a
            where a.organisation = w.organisation) as total
    from unnest(%(organisations)b::text[], %(pages)b::bigint[]) with ordinality as w (organisation, page, ordinal)
) w
left join lateral (
    select distinct a.device_identification from domain.device_authorisations a
    where a.organisation = w.organisation
    order by a.device_identification desc
    limit %(size)s offset w.page * %(size)s
) p on true
left join domain.devices d on d.device_identification = p.device_identification
order by w.ordinal, d.device_identification desc;

-- name: insert_outbox
insert into domain.outbox (topic, key, partition, value, record, ce_id, moment, gateway)
select * from unnest(
    %(topic)b::text[], %(key)b::text[], %(partition)b::integer[], %(value)b::bytea[], %(record)b::text[],
    %(ce_id)b::text[], %(moment)b::timestamptz[], %(gateway)b::text[]);

-- name: claim_outbox
select o.id, o.topic, o.key, o.partition, o.value, o.record, o.ce_id, o.moment, o.gateway,
       coalesce(g.published_revision >= g.revision, true)
from domain.outbox o
left join domain.devices g on g.device_identification = o.gateway
order by o.id limit %(limit)s
for update of o skip locked;

-- name: delete_outbox
delete from domain.outbox where id = any(%(ids)b::bigint[]);

-- name: unpublished_devices
select device_identification from domain.devices where published_revision < revision
order by device_identification limit %(limit)s;

-- name: claim_devices
select device_identification, organisation, case when is_mbus then 'removed' else state end, description, time_zone,
       revision, changed_at, debug, use_short_names, use_hdlc, system_title
from domain.devices
where device_identification = any(%(devices)b::text[]) and published_revision < revision
order by device_identification
for update;

-- name: load_channels
select gateway, channel, device_identification, mbus_identity, device_type from domain.devices
where gateway = any(%(devices)b::text[]) and is_mbus and state = 'active' and channel is not null
order by gateway, channel;

-- name: load_channel_keys
select k.device_identification, k.key_id, k.kind, k.state, k.proven, k.sealed, k.changed_at, k.proven_at
from domain.devices d join domain.device_keys k on k.device_identification = d.device_identification
where d.gateway = any(%(devices)b::text[]) and d.is_mbus and d.state = 'active' and d.channel is not null
  and k.state in ('NEW', 'ACTIVE');

-- name: mark_devices_published
update domain.devices d set published_revision = n.revision, recipient = %(recipient)s
from unnest(%(devices)b::text[], %(revisions)b::bigint[]) as n (device, revision)
where d.device_identification = n.device;

-- name: reseal_devices
update domain.devices d set revision = d.revision + 1, changed_at = now()
from (
    select device_identification from domain.devices
    where device_identification > %(after)s and state = 'active' and not is_mbus
      and published_revision = revision and recipient is distinct from %(recipient)s
    order by device_identification limit %(limit)s
    for update
) n
where d.device_identification = n.device_identification
returning d.device_identification;

-- name: reseal_organisations
update domain.organisations o set revision = o.revision + 1, changed_at = now()
where o.published_revision = o.revision and o.recipient is distinct from %(recipient)s
  and exists (select from domain.organisation_endpoints e
              where e.organisation = o.organisation and e.sealed_secret is not null);

-- name: claim_organisations
select organisation, revision, name, enabled, kafka_commands, admin, certificate_names, changed_at
from domain.organisations where published_revision < revision
order by organisation limit %(limit)s
for update;

-- name: load_endpoints
select organisation, kind, url, application, sealed_secret from domain.organisation_endpoints
where organisation = any(%(organisations)b::text[])
order by organisation, kind, application, url;

-- name: mark_organisations_published
update domain.organisations o set published_revision = n.revision, recipient = %(recipient)s
from unnest(%(organisations)b::text[], %(revisions)b::bigint[]) as n (organisation, revision)
where o.organisation = n.organisation;

-- name: own_topics
select slug from domain.organisations where kafka_commands = 'own-topic' and slug is not null order by slug;

-- name: read_secret
select sealed from domain.secrets where name = %(name)s;

-- name: keep_secret
insert into domain.secrets (name, sealed) values (%(name)s, %(sealed)s) on conflict do nothing;

-- name: find_organisation
select name, enabled, admin, kafka_commands, slug, signing_key, certificate_names from domain.organisations
where organisation = %(organisation)s for update;

-- name: put_organisation
insert into domain.organisations as o (organisation, name, enabled, admin, kafka_commands, slug, signing_key,
                                       certificate_names)
values (%(organisation)s, %(name)s, true, %(admin)s, %(kafka_commands)s, %(slug)s, %(signing_key)s,
        %(certificate_names)s)
on conflict (organisation) do update
set name = excluded.name, enabled = true, admin = excluded.admin, kafka_commands = excluded.kafka_commands,
    slug = excluded.slug, signing_key = excluded.signing_key, certificate_names = excluded.certificate_names,
    revision = o.revision + 1, changed_at = now();

-- name: delete_other_endpoints
delete from domain.organisation_endpoints e
where e.organisation = %(organisation)s
  and not exists (
    select from unnest(%(kinds)b::text[], %(applications)b::text[], %(urls)b::text[]) as n (kind, application, url)
    where n.kind = e.kind and n.application = e.application and n.url = e.url);

-- name: put_endpoints
insert into domain.organisation_endpoints as e (organisation, kind, application, url, sealed_secret)
select %(organisation)s, n.* from unnest(%(kinds)b::text[], %(applications)b::text[], %(urls)b::text[],
                                         %(sealed_secrets)b::bytea[]) as n
on conflict (organisation, kind, application, url) do update
set sealed_secret = coalesce(excluded.sealed_secret, e.sealed_secret);
