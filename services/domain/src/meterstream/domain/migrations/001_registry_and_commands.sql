create schema domain;

-- Secrets of the service itself, sealed under the key-encryption key.
create table domain.secrets (
    name text primary key,
    sealed bytea not null
);

create table domain.organisations (
    organisation text primary key,
    name text not null,
    enabled boolean not null default true,
    admin boolean not null default false,
    kafka_commands text not null default 'off'
        check (kafka_commands in ('off', 'own-topic', 'signed', 'trusted')),
    slug text unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    signing_key bytea,
    certificate_names text[] not null default '{}',
    revision bigint not null default 1,
    published_revision bigint not null default 0,
    recipient text,
    changed_at timestamptz not null default now(),
    check (kafka_commands <> 'own-topic' or slug is not null),
    check (kafka_commands <> 'signed' or signing_key is not null)
);

create table domain.organisation_endpoints (
    organisation text not null references domain.organisations,
    kind text not null check (kind in ('soap', 'webhook')),
    application text not null default '',
    url text not null,
    sealed_secret bytea,
    primary key (organisation, kind, application, url)
);

-- `recipient` names the public key for which the published record is sealed.
-- A removed device keeps its row: its revision goes on when it is added again.
create table domain.devices (
    device_identification text primary key,
    device_uid uuid not null,
    organisation text not null references domain.organisations,
    state text not null check (state in ('active', 'removed')),
    activated boolean not null default true,
    is_mbus boolean not null,
    gateway text,
    channel smallint check (channel between 1 and 4),
    mbus_identity text,
    description jsonb not null,
    model jsonb not null,
    time_zone text,
    time_zone_at timestamptz,
    device_type text not null generated always as (description ->> 'device_type') stored,
    revision bigint not null,
    published_revision bigint not null default 0,
    recipient text,
    changed_at timestamptz not null,
    check (published_revision <= revision)
);
create index devices_unpublished on domain.devices (device_identification) where published_revision < revision;
create index devices_behind on domain.devices (gateway) where is_mbus and gateway is not null;

-- The order serves GetDevices: an organisation's devices, by identification.
create table domain.device_authorisations (
    organisation text not null references domain.organisations,
    device_identification text not null references domain.devices,
    function_group text not null,
    primary key (organisation, device_identification, function_group)
);
create index device_authorisations_of on domain.device_authorisations (device_identification);

create table domain.function_groups (
    function_group text not null,
    device_function text not null,
    primary key (function_group, device_function)
);

-- Keys are never deleted; the same octets of a device and kind always have the same id.
create table domain.device_keys (
    device_identification text not null references domain.devices,
    kind text not null,
    key_id text not null,
    state text not null check (state in ('NEW', 'ACTIVE', 'EXPIRED', 'WITHDRAWN')),
    proven boolean not null,
    proven_at timestamptz,
    sealed bytea not null,
    changed_at timestamptz not null,
    primary key (device_identification, kind, key_id)
);
create unique index device_keys_active on domain.device_keys (device_identification, kind) where state = 'ACTIVE';
create unique index device_keys_new on domain.device_keys (device_identification, kind) where state = 'NEW';

-- Positions of messages are written topic/partition/offset.
create table domain.commands (
    organisation text not null,
    correlation_uid text not null,
    operation text not null,
    device_identification text,
    request_hash bytea not null,
    command bytea not null,
    source text not null,
    moved_by text,
    stage text not null check (stage in ('queued', 'scheduled', 'waiting_for_retry', 'final')),
    attempt smallint not null,
    changed_at timestamptz not null,
    expires_at timestamptz not null,
    timer_at timestamptz not null,
    due_at timestamptz,
    gateway text,
    channel smallint,
    mbus_identity text,
    record_revision bigint not null,
    not_after timestamptz,
    status text check (status in ('ok', 'failed', 'rejected', 'expired', 'cancelled')),
    answer bytea,
    result bytea,
    primary key (organisation, correlation_uid),
    check ((stage = 'final') = (status is not null))
) with (fillfactor = 80);
create index commands_due on domain.commands (timer_at) where stage <> 'final';
create index commands_old on domain.commands (timer_at) where stage = 'final';
create index commands_scheduled on domain.commands (device_identification) where stage = 'scheduled';

-- What timers decided, until it is produced.
create table domain.outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key text,
    partition integer,
    value bytea not null,
    record text not null,
    ce_id text not null,
    moment timestamptz not null,
    gateway text
);

-- Which device functions each function group holds.
insert into domain.function_groups (function_group, device_function)
select 'OWNER', unnest(array[
    'ADD_METER', 'ASSOCIATE_LN_OBJECTS', 'CLEAR_ALARM_REGISTER', 'CLEAR_MBUS_STATUS_ON_ALL_CHANNELS',
    'CONFIGURE_DEFINABLE_LOAD_PROFILE', 'COUPLE_MBUS_DEVICE', 'COUPLE_MBUS_DEVICE_BY_CHANNEL',
    'DECOUPLE_MBUS_DEVICE', 'DECOUPLE_MBUS_DEVICE_ADMINISTRATIVE', 'DECOUPLE_MBUS_DEVICE_BY_CHANNEL',
    'DISABLE_DEBUGGING', 'ENABLE_DEBUGGING', 'FIND_EVENTS', 'GENERATE_AND_REPLACE_KEYS',
    'GET_ACTUAL_POWER_QUALITY', 'GET_ADMINISTRATIVE_STATUS', 'GET_ALL_ATTRIBUTE_VALUES',
    'GET_ASSOCIATION_LN_OBJECTS', 'GET_CONFIGURATION', 'GET_CONFIGURATION_OBJECT', 'GET_DEVICES',
    'GET_DEVICE_AUTHORIZATION', 'GET_FIRMWARE_VERSION', 'GET_GSM_DIAGNOSTIC', 'GET_KEYS',
    'GET_MBUS_ENCRYPTION_KEY_STATUS', 'GET_MBUS_ENCRYPTION_KEY_STATUS_BY_CHANNEL', 'GET_MESSAGES', 'GET_OUTAGES',
    'GET_PROFILE_GENERIC_DATA', 'GET_SPECIFIC_ATTRIBUTE_VALUE', 'GET_THD_FINGERPRINT', 'HANDLE_BUNDLED_ACTIONS',
    'READ_ALARM_REGISTER', 'REMOVE_DEVICE', 'REPLACE_KEYS', 'REQUEST_ACTUAL_METER_DATA',
    'REQUEST_PERIODIC_METER_DATA', 'REVOKE_KEY', 'SCAN_MBUS_CHANNELS', 'SET_ACTIVITY_CALENDAR',
    'SET_ADMINISTRATIVE_STATUS', 'SET_ALARM_NOTIFICATIONS', 'SET_CLOCK_CONFIGURATION', 'SET_CONFIGURATION',
    'SET_CONFIGURATION_OBJECT', 'SET_DEVICE_AUTHORIZATION', 'SET_DEVICE_COMMUNICATION_SETTINGS',
    'SET_DEVICE_LIFECYCLE_STATUS', 'SET_DEVICE_LIFECYCLE_STATUS_BY_CHANNEL', 'SET_KEY_ON_G_METER',
    'SET_MBUS_USER_KEY_BY_CHANNEL', 'SET_PUSH_SETUP_ALARM', 'SET_PUSH_SETUP_LAST_GASP', 'SET_PUSH_SETUP_SMS',
    'SET_PUSH_SETUP_UDP', 'SET_RANDOMISATION_SETTINGS', 'SET_REBOOT', 'SET_SPECIAL_DAYS', 'SET_THD_CONFIGURATION',
    'SET_TEST_ALARM', 'SCHEDULE_TEST_ALARM', 'SYNCHRONIZE_TIME', 'UPDATE_FIRMWARE', 'UPDATE_KEY', 'UPDATE_PROTOCOL'
])
union all select 'INSTALLATION', unnest(array['ADD_METER', 'GET_DEVICE_AUTHORIZATION'])
union all select 'AD_HOC', unnest(array['SET_REBOOT', 'GET_DEVICE_AUTHORIZATION'])
union all select 'MANAGEMENT', unnest(array['REMOVE_DEVICE', 'UPDATE_KEY', 'REVOKE_KEY', 'GET_DEVICE_AUTHORIZATION'])
union all select 'FIRMWARE', unnest(array['GET_FIRMWARE_VERSION', 'UPDATE_FIRMWARE', 'GET_DEVICE_AUTHORIZATION'])
union all select 'SCHEDULING', unnest(array['GET_DEVICE_AUTHORIZATION'])
union all select 'TARIFF_SCHEDULING', unnest(array['GET_DEVICE_AUTHORIZATION'])
union all select 'CONFIGURATION', unnest(array['GET_CONFIGURATION', 'SET_CONFIGURATION', 'GET_DEVICE_AUTHORIZATION'])
union all select 'MONITORING', unnest(array['GET_DEVICE_AUTHORIZATION']);
