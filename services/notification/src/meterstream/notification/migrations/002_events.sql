-- Events are announced beside results; the topic of what could not be told names its dead letters.
alter table notification.deliveries add column source_topic text not null default 'results';
