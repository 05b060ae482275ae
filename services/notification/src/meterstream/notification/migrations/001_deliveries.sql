create schema if not exists notification;

-- One row per (organisation, correlation uid, kind, URL), of which delivery_id is the digest.
create table notification.deliveries (
    delivery_id       uuid primary key,
    lane_id           uuid not null,
    kind              text not null,
    url               text not null,
    requested         boolean not null,
    organisation      text not null,
    correlation_uid   text not null,
    operation         text not null,
    notification_type text not null,
    device            text,
    status            text not null,
    finished_at       timestamptz not null,
    error_code        text,
    message           text,
    -- Where the result stands in `results`, and its first octets, for the dead letter; emptied with the outcome.
    source_partition  integer not null,
    source_offset     bigint not null,
    source_key        bytea,
    source_value      bytea,
    state             text not null check (state in ('pending', 'delivered', 'failed', 'withdrawn')),
    -- Fences settlements: whoever claimed the row last settles it.
    claim             integer not null default 0,
    attempts          integer not null default 0,
    created_at        timestamptz not null default now(),
    due_at            timestamptz not null default now(),
    give_up_at        timestamptz not null,
    settled_at        timestamptz,
    reason            text not null default ''
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

create index deliveries_due on notification.deliveries (lane_id, due_at) where state = 'pending';
create index deliveries_give_up on notification.deliveries (give_up_at) where state = 'pending';
create index deliveries_settled on notification.deliveries (settled_at) where state <> 'pending';
create index deliveries_of_command on notification.deliveries (organisation, correlation_uid);
