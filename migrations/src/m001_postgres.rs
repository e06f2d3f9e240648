//! The tables of `PostgreSQL`, which has had them all from the first version on.
//!
//! Fixed-width columns stand first, by falling alignment, so that no room is lost between them. Numbers of 32 bits
//! without a sign lie in an `integer` of the same bits, as far as nobody compares them. Indexes cover live rows alone:
//! what has ended costs none. Tables whose rows change often are vacuumed by the number of their dead rows, not by
//! their share of a table that grows, and leave room for changed rows beside the old ones.

/// The statements, each harmless where its object exists.
pub(crate) const TABLES: &[&str] = &[
    r#"CREATE TABLE IF NOT EXISTS stagemark_workflow (
        version integer NOT NULL,
        name text COLLATE "C" NOT NULL,
        graph text NOT NULL,
        PRIMARY KEY (name, version)
    )"#,
    r#"CREATE TABLE IF NOT EXISTS stagemark_run (
        id uuid NOT NULL PRIMARY KEY,
        holder uuid,
        submitted bigint NOT NULL,
        ended bigint,
        revision bigint NOT NULL,
        version integer NOT NULL,
        width integer,
        status smallint NOT NULL,
        priority smallint NOT NULL,
        workflow text COLLATE "C" NOT NULL,
        key text COLLATE "C",
        trace text,
        input text NOT NULL,
        error text
    ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 50000,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.2)"#,
    "CREATE UNIQUE INDEX IF NOT EXISTS stagemark_run_key ON stagemark_run (workflow, key) WHERE key IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS stagemark_run_live ON stagemark_run (holder, workflow, version) WHERE status < 2",
    "CREATE TABLE IF NOT EXISTS stagemark_marker (
        run uuid NOT NULL,
        started bigint,
        finished bigint,
        due bigint,
        attempt bigint NOT NULL,
        node integer NOT NULL,
        item integer NOT NULL,
        released integer NOT NULL,
        width integer,
        phase smallint NOT NULL,
        worker uuid,
        output text,
        error text,
        PRIMARY KEY (run, node, item)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 50000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2)",
    "CREATE INDEX IF NOT EXISTS stagemark_marker_leased ON stagemark_marker (worker) WHERE phase = 1",
    r#"CREATE TABLE IF NOT EXISTS stagemark_queue (
        run uuid NOT NULL,
        due bigint NOT NULL,
        node integer NOT NULL,
        version integer NOT NULL,
        priority smallint NOT NULL,
        workflow text COLLATE "C" NOT NULL,
        PRIMARY KEY (run, node)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.2)"#,
    "CREATE INDEX IF NOT EXISTS stagemark_queue_order
        ON stagemark_queue (workflow, version, node, priority, due, run)",
    "CREATE TABLE IF NOT EXISTS stagemark_heartbeat (
        run uuid NOT NULL,
        attempt bigint NOT NULL,
        fraction double precision NOT NULL,
        node integer NOT NULL,
        item integer NOT NULL,
        message text NOT NULL,
        details text,
        PRIMARY KEY (run, node, item)
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)",
    "CREATE TABLE IF NOT EXISTS stagemark_worker (
        id uuid NOT NULL PRIMARY KEY,
        until bigint NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)",
    r#"CREATE TABLE IF NOT EXISTS stagemark_outbox (
        run uuid NOT NULL,
        written bigint NOT NULL,
        node integer NOT NULL,
        pool text COLLATE "C" NOT NULL,
        PRIMARY KEY (run, node)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0)"#,
    "CREATE INDEX IF NOT EXISTS stagemark_outbox_written ON stagemark_outbox (written)",
];
