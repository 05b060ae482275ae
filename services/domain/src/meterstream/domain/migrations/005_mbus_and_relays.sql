-- Where M-Bus devices stand, what breakers and valves were last seen to be, which firmware modules run.

alter table domain.devices
    add column primary_address smallint check (primary_address between 0 and 255),
    add column coupled_at timestamptz,
    add column lifecycle_at timestamptz,
    add column relay_output boolean,
    add column relay_state text check (relay_state in ('DISCONNECTED', 'CONNECTED', 'READY_FOR_RECONNECTION')),
    add column relay_at timestamptz,
    add column relay_source text,
    add column hls_flags_at timestamptz,
    add constraint devices_relay_known check ((relay_state is null) = (relay_at is null)),
    add constraint devices_one_per_channel exclude using btree (gateway with =, channel with =)
        where (is_mbus and gateway is not null and channel is not null) deferrable initially deferred;

-- How meters name M-Bus devices.
create index devices_mbus_names on domain.devices
    (((description ->> 'mbus_manufacturer_identification') || (description ->> 'mbus_identification_number')))
    where is_mbus and state = 'active';

create table domain.module_versions (
    device_identification text not null references domain.devices,
    module text not null,
    version text not null,
    observed_at timestamptz not null,
    primary key (device_identification, module)
);
