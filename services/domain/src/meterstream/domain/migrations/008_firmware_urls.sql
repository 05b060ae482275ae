-- Firmware files that lie elsewhere: named by URL and digest, fetched by whoever sends them to a meter.

-- `size`: as it was told, unchecked; what kind of file it is shows once it is fetched.
-- `contents`: what lies here.
alter table domain.firmware_files
    drop constraint firmware_files_sha256_fkey,
    alter column is_mbus drop not null,
    add column url text check (url is null or sha256 is not null),
    add column size integer check (size > 0),
    add column contents bytea generated always as (case when url is null then sha256 end) stored
        references domain.firmware_contents,
    add check ((is_mbus is null) = (url is not null));
drop index domain.firmware_files_of_contents;
create index firmware_files_of_contents on domain.firmware_files (contents);
