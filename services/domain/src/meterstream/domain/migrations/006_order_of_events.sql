-- Events of one batch have one moment; what was told first is published first.
alter table domain.events add column sequence bigint generated always as identity;
drop index domain.events_unpublished;
create index events_unpublished on domain.events (sequence) where not published;
