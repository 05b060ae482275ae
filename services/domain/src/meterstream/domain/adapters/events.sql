-- Events and message logs. Rows are JSON objects.

-- name: insert_events
with given as (
    select r.*, d.device_identification is not null as is_known, array(
        select distinct a.organisation
        from domain.device_authorisations a
        join domain.function_groups f on f.function_group = a.function_group
        where a.device_identification = r.device_identification and f.device_function = r.function
        order by 1) as organisations
    from rows from (jsonb_to_recordset(%(rows)b::jsonb) as (
        event_id text, device_identification text, function text, event_type text, description text,
        occurred_at timestamptz, recorded_at timestamptz, content jsonb, published boolean)) with ordinality as r
    left join domain.devices d on d.device_identification = r.device_identification and d.state = 'active'
), fresh as (
    insert into domain.events (event_id, device_identification, organisations, event_type, description, occurred_at,
                               recorded_at, content, published)
    select event_id, device_identification, organisations, event_type, description, occurred_at, recorded_at, content,
           published
    from given where cardinality(organisations) > 0
    order by ordinality
    on conflict (event_id) do nothing
)
select g.event_id, g.is_known, coalesce(e.organisations, g.organisations), coalesce(e.content, g.content)::text
from given g
left join domain.events e on e.event_id = g.event_id;

-- name: claim_events
select organisations, content::text from domain.events
where not published
order by sequence
limit %(limit)s
for update;

-- name: mark_events_published
update domain.events set published = true where event_id = any(%(event_ids)b::text[]);

-- name: forget_events
delete from domain.events
where ctid = any(array(
    select ctid from domain.events where occurred_at < %(before)s and published limit %(limit)s for update skip locked));

-- name: event_standing
select exists(select from domain.devices d
              where d.device_identification = %(device)s and d.state = 'active') as is_known,
       exists(select from domain.device_authorisations a
              join domain.function_groups f on f.function_group = a.function_group
              where a.organisation = %(organisation)s and a.device_identification = %(device)s
                and f.device_function = %(function)s) as is_allowed;

-- name: find_stored_events
select device_identification, occurred_at, event_type, description
from domain.events e
where e.organisations @> array[%(organisation)s::text]
  and (%(device)s::text is null or e.device_identification = %(device)s)
  and (%(begin)s::timestamptz is null or e.occurred_at >= %(begin)s)
  and (%(end)s::timestamptz is null or e.occurred_at <= %(end)s)
  and (%(description)s::text is null or e.description = %(description)s)
  and (%(prefix)s::text is null or starts_with(e.description, %(prefix)s))
  and (%(event_types)s::text[] is null or e.event_type = any(%(event_types)s::text[]))
order by e.occurred_at desc, e.event_id
limit %(size)s offset %(skip)s;

-- name: count_stored_events
select count(*) as total from (
    select from domain.events e
    where e.organisations @> array[%(organisation)s::text]
      and (%(device)s::text is null or e.device_identification = %(device)s)
      and (%(begin)s::timestamptz is null or e.occurred_at >= %(begin)s)
      and (%(end)s::timestamptz is null or e.occurred_at <= %(end)s)
      and (%(description)s::text is null or e.description = %(description)s)
      and (%(prefix)s::text is null or starts_with(e.description, %(prefix)s))
      and (%(event_types)s::text[] is null or e.event_type = any(%(event_types)s::text[]))
    limit %(most)s
) found;

-- name: insert_message_logs
insert into domain.message_logs (
    device_identification, logged_at, session, number, log_id, organisation, incoming, valid, decoded, encoded)
select r.device_identification, r.logged_at, r.session, r.number, r.log_id, r.organisation, r.incoming, r.valid,
       r.decoded, r.encoded
from jsonb_to_recordset(%(rows)b::jsonb) as r (
    device_identification text, logged_at timestamptz, session text, number integer, log_id text, organisation text,
    incoming boolean, valid boolean, decoded text, encoded text)
join domain.devices d on d.device_identification = r.device_identification and d.state = 'active'
order by r.device_identification, r.log_id
on conflict (device_identification, log_id) do nothing;

-- name: bound_message_logs
delete from domain.message_logs m
using (
    select w.device, oldest.logged_at, oldest.session, oldest.number, oldest.log_id
    from unnest(%(devices)b::text[]) as w (device)
    cross join lateral (
        select k.logged_at, k.session, k.number, k.log_id from domain.message_logs k
        where k.device_identification = w.device
        order by k.logged_at desc, k.session desc, k.number desc, k.log_id desc
        offset %(kept)s - 1 limit 1) oldest
) b
where m.device_identification = b.device
  and (m.logged_at, m.session, m.number, m.log_id) < (b.logged_at, b.session, b.number, b.log_id);

-- name: forget_message_logs
delete from domain.message_logs
where ctid = any(array(
    select ctid from domain.message_logs where logged_at < %(before)s limit %(limit)s for update skip locked));

-- name: load_message_log_pages
select jsonb_build_object(
    'key', w.key, 'total', (
        select count(*) from domain.message_logs m where m.device_identification = split_part(w.key, ' ', 1)),
    'entries', coalesce((
        select jsonb_agg(to_jsonb(p) order by p.logged_at desc, p.session desc, p.number desc, p.log_id desc)
        from (
            select m.* from domain.message_logs m
            where m.device_identification = split_part(w.key, ' ', 1)
            order by m.logged_at desc, m.session desc, m.number desc, m.log_id desc
            limit split_part(w.key, ' ', 3)::integer
            offset split_part(w.key, ' ', 2)::bigint * split_part(w.key, ' ', 3)::bigint) p), '[]'))
from unnest(%(keys)b::text[]) as w (key);

-- name: load_application_keys
select jsonb_build_object('organisation', k.organisation, 'application', k.application,
                          'public_key', encode(k.public_key, 'hex'))
from domain.application_keys k
where k.organisation || ' ' || k.application = any(%(keys)b::text[]);

-- name: delete_other_application_keys
delete from domain.application_keys
where organisation = %(organisation)s and application <> all(%(applications)b::text[]);

-- name: put_application_keys
insert into domain.application_keys (organisation, application, public_key)
select %(organisation)s, k.application, k.public_key
from unnest(%(applications)b::text[], %(public_keys)b::bytea[]) as k (application, public_key)
on conflict (organisation, application) do update set public_key = excluded.public_key;
