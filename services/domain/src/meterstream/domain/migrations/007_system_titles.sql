-- What meters call themselves: a ciphered push tells nothing else of its sender.
alter table domain.devices
    add column system_title bytea check (octet_length(system_title) = 8),
    add column system_title_at timestamptz;
