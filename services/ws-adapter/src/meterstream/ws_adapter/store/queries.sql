-- name: upsert
with moved as (
    insert into ws_adapter.commands as stored (
        organisation, correlation_uid, operation, device_identification, priority, created_at, expires_at,
        state, attempt, changed_at, due_at, error, finished_at, result, advance
    )
    select *
    from unnest(
        %(organisation)b::text[], %(correlation_uid)b::text[], %(operation)b::text[],
        %(device_identification)b::text[], %(priority)b::smallint[], %(created_at)b::timestamptz[],
        %(expires_at)b::timestamptz[], %(state)b::text[], %(attempt)b::integer[], %(changed_at)b::timestamptz[],
        %(due_at)b::timestamptz[], %(error)b::text[], %(finished_at)b::timestamptz[], %(result)b::bytea[],
        %(advance)b::text[]
    )
    on conflict (organisation, correlation_uid) do update set
        state = excluded.state,
        attempt = excluded.attempt,
        changed_at = excluded.changed_at,
        due_at = excluded.due_at,
        error = excluded.error,
        finished_at = excluded.finished_at,
        result = excluded.result,
        advance = excluded.advance,
        stored_at = clock_timestamp()
    where stored.finished_at is null
      and (excluded.finished_at is not null
           or (excluded.attempt, excluded.changed_at) >= (stored.attempt, stored.changed_at))
    returning 1
)
select pg_notify(%(channel)s, %(digests)s), (select count(*) from moved);

-- name: read
select stored.organisation, stored.correlation_uid, operation, device_identification, priority, created_at,
       expires_at, state, attempt, changed_at, due_at, error, finished_at, result, deleted, advance
from unnest(%(organisation)b::text[], %(correlation_uid)b::text[]) as wanted (organisation, correlation_uid)
join ws_adapter.commands as stored using (organisation, correlation_uid);

-- name: delete
update ws_adapter.commands
set result = null, error = null, deleted = true
where organisation = %(organisation)s
  and correlation_uid = %(correlation_uid)s
  and finished_at is not null
  and not deleted
returning 1;

-- name: purge
delete from ws_adapter.commands
where ctid = any (array(
    select ctid
    from ws_adapter.commands
    where finished_at < %(finished_before)s
       or (finished_at is null and expires_at < %(expired_before)s)
    limit %(chunk)s
    for update skip locked
));

-- name: search
select organisation, correlation_uid, operation, device_identification, priority, created_at,
       expires_at, state, attempt, changed_at, due_at, error, finished_at, null::bytea, deleted, advance
from ws_adapter.commands
where organisation = %(organisation)s
  and created_at >= %(created_from)s
  and created_at < %(created_before)s
  and (created_at, correlation_uid collate "C") < (%(after_at)s, %(after_uid)s)
  and (%(operations)s::text[] is null or operation = any (%(operations)s::text[]))
  and (%(states)s::text[] is null or state = any (%(states)s::text[]))
  and not deleted
order by created_at desc, correlation_uid collate "C" desc
limit %(rows)s;

-- name: search_device
select organisation, correlation_uid, operation, device_identification, priority, created_at,
       expires_at, state, attempt, changed_at, due_at, error, finished_at, null::bytea, deleted, advance
from ws_adapter.commands
where organisation = %(organisation)s
  and device_identification = %(device_identification)s
  and created_at >= %(created_from)s
  and created_at < %(created_before)s
  and (created_at, correlation_uid collate "C") < (%(after_at)s, %(after_uid)s)
  and (%(operations)s::text[] is null or operation = any (%(operations)s::text[]))
  and (%(states)s::text[] is null or state = any (%(states)s::text[]))
  and not deleted
order by created_at desc, correlation_uid collate "C" desc
limit %(rows)s;
