-- What the platform keeps of events and message logs; how it talks to a meter beside what AddDevice told; the keys for
-- which applications get device keys.

alter table domain.devices
    add column debug boolean not null default false,
    add column use_short_names boolean not null default false,
    add column use_hdlc boolean not null default false;

-- RSA public keys, DER SubjectPublicKeyInfo: GetKeys encrypts for them.
create table domain.application_keys (
    organisation text not null references domain.organisations,
    application text not null check (length(application) between 1 and 40),
    public_key bytea not null,
    primary key (organisation, application)
);

-- `content` is the Event as JSON. What domain itself decided is published from here; what `device-events` told is
-- published with its batch and marked so at once.
create table domain.events (
    event_id text primary key,
    device_identification text not null,
    organisations text[] not null,
    event_type text not null,
    description text not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    content jsonb not null,
    published boolean not null
);
create index events_of_device on domain.events (device_identification, occurred_at desc);
create index events_by_time on domain.events (occurred_at desc);
create index events_of_organisation on domain.events using gin (organisations);
create index events_unpublished on domain.events (recorded_at) where not published;

create table domain.message_logs (
    device_identification text not null,
    logged_at timestamptz not null,
    session text not null,
    number integer not null,
    log_id text not null,
    organisation text not null,
    incoming boolean not null,
    valid boolean not null,
    decoded text not null,
    encoded text not null,
    primary key (device_identification, log_id)
);
create index message_logs_newest
    on domain.message_logs (device_identification, logged_at desc, session desc, number desc, log_id desc);
create index message_logs_by_time on domain.message_logs (logged_at);

insert into domain.function_groups (function_group, device_function)
select 'OWNER', unnest(array['GET_EVENTS', 'PUSH_NOTIFICATION_ALARM', 'SYSTEM_EVENT'])
on conflict do nothing;
