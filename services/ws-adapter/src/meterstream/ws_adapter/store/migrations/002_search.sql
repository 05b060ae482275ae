create index commands_newest
    on ws_adapter.commands (organisation, created_at desc, correlation_uid collate "C" desc);
create index commands_of_device
    on ws_adapter.commands (organisation, device_identification, created_at desc, correlation_uid collate "C" desc);
