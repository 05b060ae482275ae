create schema ws_adapter;

create table ws_adapter.commands (
    organisation          text        not null,
    correlation_uid       text        not null,
    operation             text        not null,
    device_identification text,
    priority              smallint    not null,
    created_at            timestamptz not null,
    expires_at            timestamptz not null,
    state                 text        not null,
    attempt               integer     not null,
    changed_at            timestamptz not null,
    due_at                timestamptz,
    error                 text,
    finished_at           timestamptz,
    result                bytea,
    deleted               boolean     not null default false,
    stored_at             timestamptz not null default clock_timestamp(),
    primary key (organisation, correlation_uid)
) with (fillfactor = 70);

comment on table ws_adapter.commands is 'One row per command. A result is final; rows go 7 days after it.';
comment on column ws_adapter.commands.state is 'state of the command, or the status of its result once finished_at is set';
comment on column ws_adapter.commands.error is 'why it waits or failed: ErrorRecord as JSON';
comment on column ws_adapter.commands.result is 'the <Operation>Result as received, Avro single-object encoding';
comment on column ws_adapter.commands.stored_at is 'when this row was written last: how far the read model is behind';
comment on column ws_adapter.commands.deleted is 'the caller deleted the result; a redelivery does not bring it back';

create index commands_finished on ws_adapter.commands (finished_at) where finished_at is not null;
create index commands_open on ws_adapter.commands (expires_at) where finished_at is null;
