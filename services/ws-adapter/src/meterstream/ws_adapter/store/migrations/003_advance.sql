alter table ws_adapter.commands add column advance text;

comment on column ws_adapter.commands.advance is 'how far a long attempt is that runs: Advance as JSON';
