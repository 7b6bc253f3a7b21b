-- Webhooks, which are told what consumers of the change feed read, and what is or was sent to them. docs/storage-format.md describes every
-- column.

CREATE TABLE webhooks (
    id              text COLLATE "C" PRIMARY KEY,
    url             bytea NOT NULL,
    mode            text NOT NULL,
    secret          bytea NOT NULL,
    prior_secret    bytea,
    prior_until     bigint,
    created_time    bigint NOT NULL,
    created_by      text NOT NULL,
    disabled_time   bigint,
    disabled_reason text NOT NULL,
    place           text NOT NULL,
    place_position  bigint NOT NULL,
    place_revision  bigint NOT NULL,
    place_time      bigint NOT NULL,
    turn            bytea NOT NULL CHECK (octet_length(turn) = 16),
    next_number     bigint NOT NULL,
    lease           bytea NOT NULL,
    lease_until     bigint NOT NULL
);

CREATE TABLE webhook_deliveries (
    webhook        text COLLATE "C" NOT NULL,
    number         bigint NOT NULL,
    id             text NOT NULL,
    kind           text COLLATE "C" NOT NULL,
    state          text COLLATE "C" NOT NULL,
    recipient      bytea NOT NULL,
    card           bytea NOT NULL,
    content        bytea,
    created_time   bigint NOT NULL,
    due_time       bigint NOT NULL,
    attempts       bigint NOT NULL,
    attempted_time bigint,
    outcome        text NOT NULL,
    status         bigint NOT NULL,
    answer         text NOT NULL,
    excerpt        text NOT NULL,
    PRIMARY KEY (webhook, number)
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, state, due_time);
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (webhook, recipient, state, number);
CREATE INDEX webhook_deliveries_card ON webhook_deliveries (card);
