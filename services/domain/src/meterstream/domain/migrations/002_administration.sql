-- What people keep of devices and organisations, and who makes which devices.

alter table domain.devices
    add column lifecycle_status text not null default 'NEW_IN_INVENTORY' check (lifecycle_status in (
        'NEW_IN_INVENTORY', 'READY_FOR_USE', 'REGISTERED', 'REGISTERED_BUILD_IN_FAILED', 'REGISTERED_INSTALL_FAILED',
        'REGISTERED_UPDATE_FAILED', 'IN_USE', 'RETURNED_TO_INVENTORY', 'UNDER_TEST', 'DESTROYED')),
    add column in_maintenance boolean not null default false,
    add column alias text,
    add column address jsonb,
    add column latitude text,
    add column longitude text,
    add column eans jsonb,
    add column technical_installation_date timestamptz,
    add column mast_segment text,
    add column batch_number smallint;

alter table domain.organisations
    add column prefix text not null default '',
    add column domains text[] not null default '{COMMON}';

create table domain.manufacturers (
    code text primary key check (length(code) between 1 and 4),
    number integer not null generated always as identity,
    name text not null,
    use_prefix boolean not null
);

create table domain.device_models (
    manufacturer text not null references domain.manufacturers,
    model_code text not null,
    description text,
    primary key (manufacturer, model_code)
);
create index devices_of_model on domain.devices ((model ->> 'manufacturer'), (model ->> 'model_code'));

insert into domain.function_groups (function_group, device_function)
select 'OWNER', unnest(array[
    'GET_RELAY_STATUS', 'PUSH_NOTIFICATION_ALARM', 'SET_COMMUNICATION_NETWORK_INFORMATION', 'SET_DEVICE_ALIASES',
    'SET_MAINTENANCE_STATUS', 'SET_RELAY_STATUS', 'SWITCH_FIRMWARE', 'SYSTEM_EVENT', 'UPDATE_DEVICE',
    'UPDATE_DEVICE_CDMA_SETTINGS'])
union all select 'CONFIGURATION', 'SET_MAINTENANCE_STATUS'
union all select 'FIRMWARE', 'SWITCH_FIRMWARE'
on conflict do nothing;
