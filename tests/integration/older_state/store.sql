BEGIN TRANSACTION;
CREATE TABLE acknowledged (
	sync TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	row_hash TEXT NOT NULL, 
	remote_id TEXT, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_acknowledged PRIMARY KEY (sync, "key")
);
INSERT INTO "acknowledged" VALUES('esp_newsletter','clara@example.org','2166a956abadb2388acf762e50785ce5',NULL,'2026-11-22 22:59:00.000000');
INSERT INTO "acknowledged" VALUES('esp_newsletter','elena.ellis@example.com','e9ae5f18e4d2646bdf75c15487d8b0e3',NULL,'2026-11-22 22:59:00.000000');
INSERT INTO "acknowledged" VALUES('esp_newsletter','grace.grant@example.com','066cc1c07fe85657c510586784c919af',NULL,'2026-11-22 22:59:00.000000');
INSERT INTO "acknowledged" VALUES('esp_newsletter','nils.nash@example.com','fa81d73aff2b6262a87c70b70c4b3614',NULL,'2026-11-22 22:59:00.000000');
INSERT INTO "acknowledged" VALUES('esp_newsletter','quinn.quick@example.com','d0886c53c59939f9d14b7cc69c7bf003',NULL,'2026-11-22 22:59:00.000000');
INSERT INTO "acknowledged" VALUES('esp_newsletter','rosa.reed@example.com','b8fff55d2f815be4c0cb1c69f018c94e',NULL,'2026-11-22 22:59:00.000000');
INSERT INTO "acknowledged" VALUES('esp_newsletter','tara.todd@example.com','22180c24df22e4a31597f71b8a384f43',NULL,'2026-11-22 22:59:00.000000');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE audit_log (
	entry_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL
);
CREATE TABLE calls (
	call_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	row_count BIGINT NOT NULL, 
	rows_so_far BIGINT NOT NULL
);
INSERT INTO "calls" VALUES(1,'esp',1.79538835452326941488e+09,7,7);
CREATE TABLE holds (
	hold_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync TEXT NOT NULL, 
	run_id BIGINT NOT NULL, 
	plan_digest TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	held_at DATETIME NOT NULL, 
	released_at DATETIME
);
CREATE TABLE leases (
	name TEXT NOT NULL, 
	fencing BIGINT NOT NULL, 
	pid BIGINT NOT NULL, 
	host TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('cdp run',1,9922,'vm','2026-11-22 22:56:00.000000');
INSERT INTO "leases" VALUES('landing',1,9922,'vm','2026-11-22 22:57:00.000000');
INSERT INTO "leases" VALUES('build',1,9922,'vm','2026-11-22 22:58:00.000000');
INSERT INTO "leases" VALUES('sync:esp_newsletter',1,9922,'vm','2026-11-22 22:59:00.000000');
INSERT INTO "leases" VALUES('receipts',2,9922,'vm','2026-11-22 22:59:00.000000');
CREATE TABLE outbox (
	batch_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync TEXT NOT NULL, 
	run_id BIGINT NOT NULL, 
	generation BIGINT, 
	position BIGINT NOT NULL, 
	operation TEXT NOT NULL, 
	idempotency_key TEXT NOT NULL, 
	row_count BIGINT NOT NULL, 
	payload BLOB NOT NULL, job TEXT DEFAULT '' NOT NULL, attempts BIGINT DEFAULT '0' NOT NULL, code TEXT DEFAULT '' NOT NULL, not_before FLOAT DEFAULT '0' NOT NULL, 
	UNIQUE (idempotency_key)
);
CREATE TABLE receipts (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	run_id BIGINT NOT NULL, 
	"key" TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	row_hash TEXT NOT NULL, 
	code TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	generation BIGINT
);
INSERT INTO "receipts" VALUES(1,'esp_newsletter','esp',1,'clara@example.org','add','ok','2166a956abadb2388acf762e50785ce5','','2026-11-22 22:59:00.000000',1);
INSERT INTO "receipts" VALUES(2,'esp_newsletter','esp',1,'elena.ellis@example.com','add','ok','e9ae5f18e4d2646bdf75c15487d8b0e3','','2026-11-22 22:59:00.000000',1);
INSERT INTO "receipts" VALUES(3,'esp_newsletter','esp',1,'grace.grant@example.com','add','ok','066cc1c07fe85657c510586784c919af','','2026-11-22 22:59:00.000000',1);
INSERT INTO "receipts" VALUES(4,'esp_newsletter','esp',1,'nils.nash@example.com','add','ok','fa81d73aff2b6262a87c70b70c4b3614','','2026-11-22 22:59:00.000000',1);
INSERT INTO "receipts" VALUES(5,'esp_newsletter','esp',1,'quinn.quick@example.com','add','ok','d0886c53c59939f9d14b7cc69c7bf003','','2026-11-22 22:59:00.000000',1);
INSERT INTO "receipts" VALUES(6,'esp_newsletter','esp',1,'rosa.reed@example.com','add','ok','b8fff55d2f815be4c0cb1c69f018c94e','','2026-11-22 22:59:00.000000',1);
INSERT INTO "receipts" VALUES(7,'esp_newsletter','esp',1,'tara.todd@example.com','add','ok','22180c24df22e4a31597f71b8a384f43','','2026-11-22 22:59:00.000000',1);
CREATE TABLE rejections (
	sync TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	row_hash TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	code TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_rejections PRIMARY KEY (sync, "key")
);
CREATE TABLE sync_runs (
	run_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	status TEXT NOT NULL, 
	reason TEXT DEFAULT '' NOT NULL, 
	fencing BIGINT NOT NULL, 
	generation BIGINT, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	planned BIGINT DEFAULT '0' NOT NULL, 
	ok BIGINT DEFAULT '0' NOT NULL, 
	rejected BIGINT DEFAULT '0' NOT NULL, 
	unknown BIGINT DEFAULT '0' NOT NULL, 
	suppressed BIGINT DEFAULT '0' NOT NULL, 
	held BIGINT DEFAULT '0' NOT NULL, 
	in_flight BIGINT DEFAULT '0' NOT NULL
);
INSERT INTO "sync_runs" VALUES(1,'esp_newsletter','esp','ok','',1,1,'2026-11-22 22:59:00.000000','2026-11-22 22:59:00.000000',7,7,0,0,0,0,0);
CREATE INDEX ix_sync_runs_sync_run_id ON sync_runs (sync, run_id);
CREATE INDEX ix_outbox_sync_run_id_position_batch_id ON outbox (sync, run_id, position, batch_id);
CREATE INDEX ix_receipts_run_id_verdict ON receipts (run_id, verdict);
CREATE INDEX ix_receipts_sync_seq ON receipts (sync, seq);
CREATE INDEX ix_holds_sync_plan_digest ON holds (sync, plan_digest);
CREATE INDEX ix_calls_account_at ON calls (account, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('sync_runs',1);
INSERT INTO "sqlite_sequence" VALUES('outbox',1);
INSERT INTO "sqlite_sequence" VALUES('calls',1);
INSERT INTO "sqlite_sequence" VALUES('receipts',7);
COMMIT;
