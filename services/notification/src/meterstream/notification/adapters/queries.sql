-- name: insert
-- Rows that are there already stay as they are: a result that is read again asks for nothing new.
insert into notification.deliveries (
    delivery_id, lane_id, kind, url, requested, organisation, correlation_uid, operation, notification_type, device,
    status, finished_at, error_code, message, source_topic, source_partition, source_offset, source_key, source_value,
    state, reason, settled_at, give_up_at
)
select
    n.delivery_id, n.lane_id, n.kind, n.url, n.requested, n.organisation, n.correlation_uid, n.operation,
    n.notification_type, n.device, n.status, n.finished_at, n.error_code, n.message, n.source_topic, n.source_partition,
    n.source_offset, n.source_key, case when n.refusal is null then n.source_value end,
    case when n.refusal is null then 'pending' else 'failed' end, coalesce(n.refusal, ''),
    case when n.refusal is null then null else now() end, now() + make_interval(secs => %(give_up_after_s)s)
from unnest(
    %(delivery_id)s::uuid[], %(lane_id)s::uuid[], %(kind)s::text[], %(url)s::text[], %(requested)s::boolean[],
    %(organisation)s::text[], %(correlation_uid)s::text[], %(operation)s::text[], %(notification_type)s::text[],
    %(device)s::text[], %(status)s::text[], %(finished_at)s::timestamptz[], %(error_code)s::text[],
    %(message)s::text[], %(source_topic)s::text[], %(source_partition)s::integer[], %(source_offset)s::bigint[], %(source_key)s::bytea[],
    %(source_value)s::bytea[], %(refusal)s::text[]
) as n (
    delivery_id, lane_id, kind, url, requested, organisation, correlation_uid, operation, notification_type, device,
    status, finished_at, error_code, message, source_topic, source_partition, source_offset, source_key, source_value, refusal
)
on conflict (delivery_id) do nothing;

-- name: claim
-- Takes what is due, lane by lane up to the lane's room, and keeps it from other replicas for the lease. The first
-- part walks over the lanes that have anything pending (one index probe each); a lane with a million rows due costs
-- no more than one with ten. The commit need not wait for the disk: a claim that a crash of the database forgets is at
-- worst attempted again, as is one that a crash of the service leaves behind.
with recursive relaxed (setting) as materialized (select set_config('synchronous_commit', 'off', true)),
pending (lane_id) as (
    (select d.lane_id from notification.deliveries d where d.state = 'pending' order by d.lane_id limit 1)
    union all
    select (
        select d.lane_id from notification.deliveries d
        where d.state = 'pending' and d.lane_id > pending.lane_id order by d.lane_id limit 1
    )
    from pending where pending.lane_id is not null
),
lanes as (
    select pending.lane_id, coalesce(known.room, %(room)s) as room, known.room is not null as known
    from pending
    left join unnest(%(lanes)s::uuid[], %(rooms)s::integer[]) as known (lane_id, room) using (lane_id)
    where pending.lane_id is not null and coalesce(known.room, %(room)s) > 0
),
due as (
    select found.delivery_id
    from lanes cross join lateral (
        select d.delivery_id, d.due_at from notification.deliveries d
        where d.state = 'pending' and d.lane_id = lanes.lane_id and d.due_at <= now() and d.give_up_at > now()
        order by d.due_at limit lanes.room
        for update skip locked
    ) as found
    order by lanes.known, found.due_at
    limit %(free)s
)
update notification.deliveries d
set due_at = now() + make_interval(secs => %(lease_s)s), claim = d.claim + 1, attempts = d.attempts + 1
from due, relaxed
where d.delivery_id = due.delivery_id
returning
    d.delivery_id, d.lane_id, d.kind, d.url, d.requested, d.claim, d.attempts,
    extract(epoch from now() - d.created_at)::float8 as age_s,
    d.organisation, d.correlation_uid, d.operation, d.notification_type, d.device, d.status, d.finished_at,
    d.error_code, d.message;

-- name: claim_overdue
-- Takes what nobody could deliver in its time, whatever its lane's room.
with overdue as (
    select d.delivery_id from notification.deliveries d
    where d.state = 'pending' and d.give_up_at <= now() and d.due_at <= now()
    order by d.give_up_at limit %(limit)s
    for update skip locked
)
update notification.deliveries d
set due_at = now() + make_interval(secs => %(lease_s)s), claim = d.claim + 1
from overdue
where d.delivery_id = overdue.delivery_id
returning d.delivery_id, d.kind, d.claim, d.attempts, d.reason;

-- name: settle
update notification.deliveries d
set
    state = s.state,
    reason = s.reason,
    due_at = case when s.state = 'pending' then now() + make_interval(secs => s.delay_s) else d.due_at end,
    settled_at = case when s.state <> 'pending' then now() end,
    source_value = case when s.state = 'pending' then d.source_value end
from unnest(
    %(delivery_id)s::uuid[], %(claim)s::integer[], %(state)s::text[], %(delay_s)s::float8[], %(reason)s::text[]
) as s (delivery_id, claim, state, delay_s, reason)
where d.delivery_id = s.delivery_id and d.claim = s.claim and d.state = 'pending';

-- name: sources
select d.delivery_id, d.source_topic, d.source_partition, d.source_offset, d.source_key, d.source_value, d.created_at
from notification.deliveries d
where d.delivery_id = any(%(delivery_id)s::uuid[]) and d.state = 'pending';

-- name: purge
delete from notification.deliveries
where delivery_id in (
    select d.delivery_id from notification.deliveries d
    where d.state <> 'pending' and d.settled_at < now() - make_interval(secs => %(keep_s)s)
    order by d.settled_at limit %(limit)s
    for update skip locked
);
