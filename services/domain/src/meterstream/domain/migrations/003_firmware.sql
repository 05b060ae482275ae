-- Firmware files, for which models they are, which of them a device has; what goes along with an attempt.

-- JSON of what the header of the current attempt tells beside identity and limits.
alter table domain.commands add column attachments text;

-- Octets are named by their digest and stored once, however many files have them.
create table domain.firmware_contents (
    sha256 bytea primary key check (length(sha256) = 32),
    size integer not null check (size > 0),
    added_at timestamptz not null default now()
);

-- `published`: whether the block is known to lie on topic `firmware`.
create table domain.firmware_blocks (
    sha256 bytea not null references domain.firmware_contents on delete cascade,
    block smallint not null check (block >= 0),
    octets bytea not null check (length(octets) between 1 and 262144),
    published boolean not null default false,
    primary key (sha256, block)
);
alter table domain.firmware_blocks alter column octets set storage external;
create index firmware_blocks_unpublished on domain.firmware_blocks (sha256, block) where not published;

-- A file without contents only says which versions there are.
create table domain.firmware_files (
    number integer primary key generated always as identity,
    identification text not null unique,
    file_name text,
    created_at timestamptz not null,
    description text,
    push_to_new_devices boolean not null,
    active boolean not null,
    module_versions jsonb not null,
    sha256 bytea references domain.firmware_contents,
    image_identifier bytea,
    is_mbus boolean not null
);
create index firmware_files_of_contents on domain.firmware_files (sha256);

create table domain.firmware_models (
    firmware integer not null references domain.firmware_files on delete cascade,
    manufacturer text not null,
    model_code text not null,
    primary key (firmware, manufacturer, model_code),
    foreign key (manufacturer, model_code) references domain.device_models
);
create index firmware_of_model on domain.firmware_models (manufacturer, model_code);

create table domain.device_firmwares (
    id bigint primary key generated always as identity,
    device_identification text not null references domain.devices,
    firmware integer not null references domain.firmware_files on delete cascade,
    installed_at timestamptz not null,
    installed_by text,
    active boolean not null
);
create index device_firmwares_of_device on domain.device_firmwares (device_identification);
create index device_firmwares_of_file on domain.device_firmwares (firmware);
