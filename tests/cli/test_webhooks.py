"""Notices about calls: written with a conversation's end, sent until they arrive, and never to where they should not go."""
import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from command import CLINIC, CLINIC_UUID, HOTEL, HOTEL_UUID, SOURCE, VOICEDB, Database
from faults import OwnCluster
import tap

sys.path.insert(0, os.path.join(SOURCE, "tests/http"))
from receiver import Receiver, closed_port  # noqa: E402

ALLOW = ("--allow", "127.0.0.1")
STATES = "SELECT state, count(*) FROM v_voice_webhook_deliveries GROUP BY state ORDER BY state"


class Webhooks(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = Receiver()
        cls.enterClassContext(cls.receiver)

    def setUp(self):
        self.receiver.requests.clear()
        self.receiver.poured = 0
        self.sql("DELETE FROM v_voice_conversations; DELETE FROM v_voice_secretaries; DELETE FROM v_voice_webhook_endpoints; "
                 "DELETE FROM v_voice_tenant_settings")

    def secretary(self, url, domain=CLINIC_UUID, enabled=True):
        return self.sql(f"""INSERT INTO v_voice_secretaries (domain_uuid, name, webhook_url, webhook_enabled)
                            VALUES ('{domain}', 'Recepção', '{url}', {enabled}) RETURNING voice_secretary_uuid""")[0][0]

    def calls(self, secretary, count=1, domain=CLINIC_UUID):
        """Calls that have ended; their conversations' UUIDs."""
        rows = self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, voice_secretary_uuid, caller_id, started_at)
                            SELECT '{domain}', '{secretary}', '+55119' || n, now() - interval '90.4 s' FROM generate_series(1, {count}) n
                            RETURNING conversation_uuid""")
        self.sql(f"UPDATE v_voice_conversations SET ended_at = now() WHERE voice_secretary_uuid = '{secretary}' AND ended_at IS NULL")
        return [row[0] for row in rows]

    def run_once(self, *options, status=0, env=None):
        done = self.run_raw("--json", "webhook", "run", "--once", *ALLOW, *options, env=env or {})
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return json.loads(done.stdout)

    def states(self):
        return {state: int(count) for state, count in self.sql(STATES)}

    def deliveries(self, columns):
        return self.sql(f"SELECT {columns} FROM v_voice_webhook_deliveries ORDER BY created_at, event_number")

    def make_due(self):
        self.sql("UPDATE v_voice_webhook_deliveries SET next_attempt_at = now() WHERE state IN ('pending', 'sending');"
                 "UPDATE v_voice_webhook_endpoints SET paused_until = NULL")

    def wait_for(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"in vain: {self.states()}")
            time.sleep(0.05)

    def start_running(self, *options):
        running = subprocess.Popen([VOICEDB, "webhook", "run", *ALLOW, *options], env=os.environ | self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end_running, running)
        return running

    def end_running(self, running):
        if running.poll() is None:
            running.kill()
        running.wait()
        running.stdout.close()
        running.stderr.close()


class Outbox(Webhooks):
    """What writes a notice, and what does not."""

    def count(self):
        return int(self.sql("SELECT count(*) FROM v_voice_webhook_deliveries")[0][0])

    def test_the_end_of_a_conversation_by_the_command(self):
        self.secretary(self.receiver.url("good"))
        uuid = self.at_clinic("conversation", "start", "--secretary", "Recepção").strip()
        self.at_clinic("conversation", "say", uuid, "--role", "user", "Bom dia!")
        self.assertEqual(self.count(), 0)
        self.at_clinic("conversation", "end", uuid)
        self.assertEqual(self.deliveries("conversation_uuid, state, attempts, event_number"), [[uuid, "pending", "0", "1"]])
        self.assertEqual(self.run_raw("--domain", CLINIC, "conversation", "end", uuid).returncode, 4)
        self.assertEqual(self.count(), 1)

    def test_the_end_by_plain_sql_of_the_tenants_own_role(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, voice_secretary_uuid) VALUES ('{CLINIC_UUID}', '{secretary}');
                     BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL voicedb.domain_uuid = '{CLINIC_UUID}';
                     UPDATE v_voice_conversations SET ended_at = now(); COMMIT""")
        self.assertEqual(self.count(), 1)
        self.sql("UPDATE v_voice_conversations SET ended_at = now(), summary = 'x'")
        self.assertEqual(self.count(), 1)

    def test_it_is_one_transaction(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, voice_secretary_uuid) VALUES ('{CLINIC_UUID}', '{secretary}');
                     BEGIN; UPDATE v_voice_conversations SET ended_at = now(); ROLLBACK""")
        self.assertEqual(self.count(), 0)

    def test_a_call_that_is_saved_whole(self):
        secretary = self.secretary(self.receiver.url("good"))
        insert = f"""INSERT INTO v_voice_conversations (domain_uuid, voice_secretary_uuid, started_at, ended_at)
                     VALUES ('{CLINIC_UUID}', '{secretary}', now() - interval '3 days', """
        self.sql(insert + "now() - interval '1 minute')")
        self.assertEqual(self.count(), 1)
        self.sql(insert + "now() - interval '2 days')")
        self.assertEqual(self.count(), 1, "history is not reported")

    def test_secretaries_that_report_nothing(self):
        for secretary in (self.secretary(self.receiver.url("good"), enabled=False), self.secretary("")):
            self.calls(secretary)
        self.sql(f"INSERT INTO v_voice_conversations (domain_uuid) VALUES ('{CLINIC_UUID}'); UPDATE v_voice_conversations SET ended_at = now()")
        self.assertEqual(self.count(), 0)

    def test_a_conversation_that_goes_on_and_ends_again(self):
        self.calls(self.secretary(self.receiver.url("good")))
        self.sql("UPDATE v_voice_conversations SET ended_at = NULL; UPDATE v_voice_conversations SET ended_at = now()")
        self.assertEqual(self.deliveries("event_number"), [["1"], ["2"]])

    def test_history_that_comes_back_is_not_told_again(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.calls(secretary, 3)
        self.run_once()
        self.calls(secretary, 2)
        before = self.state()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "all.vdb")
            self.voicedb("backup", path)
            self.voicedb("restore", "--replace", path)
            self.assertEqual(self.state(), before)
            self.sql("DELETE FROM v_voice_conversations; DELETE FROM v_voice_secretaries; DELETE FROM v_voice_webhook_endpoints")
            subprocess.run(f"zstd -dqc {path} | psql -Xqtv ON_ERROR_STOP=1 -1", shell=True, check=True,
                           env=os.environ | self.environment, stdout=subprocess.DEVNULL)
            self.assertEqual(self.state(), before)


class Delivery(Webhooks):
    def test_the_notice_is_what_the_predecessor_sent(self):
        secretary = self.secretary(self.receiver.url("good") + "?token=s3cret")
        uuid = self.at_clinic("conversation", "start", "--secretary", "Recepção", "--caller-id", "+5511987654321").strip()
        self.at_clinic("conversation", "say", uuid, "--role", "user", 'Quero a 2ª via do "boleto"\n\U0001F600')
        self.at_clinic("conversation", "say", uuid, "--role", "assistant", "Vou transferir.")
        self.sql("UPDATE v_voice_conversations SET started_at = now() - interval '61.7 s'")
        self.at_clinic("conversation", "end", uuid, "--action", "transfer", "--target", "203", "--summary", "Pediu boleto")
        self.assertEqual(self.run_once(), {"delivered": 1, "failed": 0, "dead": 0})
        request, = self.receiver.requests
        body = json.loads(request["body"])
        ended = self.sql("SELECT to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM v_voice_conversations")
        self.assertEqual(body, {
            "event": "voice_ai_conversation", "domain_uuid": CLINIC_UUID, "conversation_uuid": uuid, "caller_id": "+5511987654321",
            "secretary_name": "Recepção", "summary": "Pediu boleto", "action": "transfer", "transfer_target": "203",
            "duration_seconds": body["duration_seconds"],
            "messages": [{"role": "user", "content": 'Quero a 2ª via do "boleto"\n\U0001F600'},
                         {"role": "assistant", "content": "Vou transferir."}],
            "timestamp": ended[0][0]})
        self.assertIn(body["duration_seconds"], range(62, 90))
        self.assertEqual((request["method"], request["path"], request["headers"]["content-type"]),
                         ("POST", "/good/x?token=s3cret", "application/json"))
        self.assertNotIn("webhook-signature", request["headers"])
        key = self.deliveries("delivery_uuid")[0][0]
        self.assertEqual((request["headers"]["idempotency-key"], request["headers"]["webhook-id"]), (key, key))
        row, = self.clinic_json("webhook", "list")
        self.assertEqual((row["state"], row["attempts"], row["last_status"], row["last_error"]), ("delivered", 1, 200, None))
        self.assertEqual(row["url"], self.receiver.url("good"), "what may be a secret is not shown")
        self.assertEqual(self.run_once(), {"delivered": 0, "failed": 0, "dead": 0})
        self.assertEqual(secretary, self.sql("SELECT voice_secretary_uuid FROM v_voice_conversations")[0][0])

    def failing(self, name, **expected):
        """One attempt at a receiver that fails so."""
        self.setUp()
        self.calls(self.secretary(self.receiver.url(name)))
        summary = self.run_once("--timeout", "700", status=8)
        self.assertEqual(summary, {"delivered": 0, "failed": 1, "dead": int(expected.get("state") == "dead")})
        row, = self.clinic_json("webhook", "list")
        for member, value in ({"state": "pending", "attempts": 1} | expected).items():
            if member == "last_error":
                self.assertRegex(row[member], value)
            else:
                self.assertEqual(row[member], value, f"{name}: {row}")
        self.assertNotIn("+55119", row["last_error"], "no part of an answer is kept")
        return row

    def test_receivers_that_fail(self):
        self.failing("error", last_status=500, last_error="^the receiver answered 500$")
        self.failing("not-found", last_status=404)
        self.failing("stall", last_status=0, last_error="timed out")
        self.failing("hang-up", last_status=0, last_error="Empty reply")
        self.failing("gone", last_status=410, state="dead")
        self.failing("endless-error", last_status=500, last_error="answered 500, without end$")
        self.failing("circle", last_error="redirects")
        self.failing("to-file", state="dead")

    def test_nobody_listens(self):
        with closed_port() as kept:
            self.calls(self.secretary(f"http://127.0.0.1:{kept.getsockname()[1]}/"))
            self.run_once(status=8)
        self.assertRegex(self.deliveries("last_error")[0][0], "connect")

    def test_what_is_no_address_of_the_web_is_given_up(self):
        for url in ("ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/", "http://", "nonsense://x"):
            with self.subTest(url=url):
                self.setUp()
                self.calls(self.secretary(url))
                self.run_once(status=8)
                self.assertEqual(self.states(), {"dead": 1})

    def test_an_answer_without_end_costs_nothing(self):
        for name in ("endless", "endless-headers"):
            with self.subTest(name=name):
                self.setUp()
                self.calls(self.secretary(self.receiver.url(name)))
                self.assertEqual(self.run_once()["delivered"], 1)
                self.assertLess(self.receiver.poured, 50 << 20)

    def test_too_many_requests(self):
        row = self.failing("too-many", last_status=429)
        self.assertEqual(row["next_attempt_at"][:10], row["paused_until"][:10])
        waits = self.sql("""SELECT next_attempt_at - last_attempt_at BETWEEN interval '1799 s' AND interval '1830 s',
                                   paused_until - last_attempt_at BETWEEN interval '1799 s' AND interval '1830 s'
                            FROM v_voice_webhook_deliveries JOIN v_voice_webhook_endpoints USING (endpoint_uuid)""")
        self.assertEqual(waits, [["t", "t"]])
        self.calls(self.sql("SELECT voice_secretary_uuid FROM v_voice_secretaries")[0][0])
        self.assertEqual(self.run_once(), {"delivered": 0, "failed": 0, "dead": 0}, "its address is left in peace")

    def test_it_comes_again_with_the_same_key_until_it_arrives(self):
        self.calls(self.secretary(self.receiver.url("error-twice")))
        for status in (8, 8, 0):
            self.run_once(status=status)
            self.make_due()
        self.assertEqual(self.deliveries("state, attempts, last_status, last_error"), [["delivered", "3", "200", ""]])
        self.assertEqual(len({r["headers"]["idempotency-key"] for r in self.receiver.requests}), 1)
        self.assertEqual(len({r["body"] for r in self.receiver.requests}), 1)
        self.assertEqual(self.sql("SELECT failures, paused_until IS NULL FROM v_voice_webhook_endpoints"), [["0", "t"]])

    def test_a_redirect_is_followed_as_a_post(self):
        self.calls(self.secretary(self.receiver.url("elsewhere")))
        self.assertEqual(self.run_once()["delivered"], 1)
        first, second = self.receiver.requests
        self.assertEqual((second["path"], second["method"], second["body"]), ("/good/redirected", "POST", first["body"]))

    def test_after_a_day_it_is_dead_and_can_be_sent_again(self):
        calls = self.calls(self.secretary(self.receiver.url("error")), 3)
        self.run_once(status=8)
        self.sql("UPDATE v_voice_webhook_deliveries SET expires_at = now() + interval '1 s', next_attempt_at = now()")
        self.make_due()
        self.run_once(status=8)
        self.assertEqual(self.states(), {"pending": 3}, "the last attempt is when the day is over")
        self.sql("UPDATE v_voice_webhook_deliveries SET expires_at = now()")
        for _ in range(3):
            self.make_due()
            self.run_once(status=8)
        self.assertEqual(self.states(), {"dead": 3})
        self.assertEqual(self.run_once(), {"delivered": 0, "failed": 0, "dead": 0})
        dead = self.clinic_json("webhook", "list", "--state", "dead", "--conversation", calls[0])
        self.assertEqual(len(dead), 1)
        self.sql(f"UPDATE v_voice_secretaries SET webhook_url = '{self.receiver.url('good')}'")
        self.at_clinic("webhook", "retry", dead[0]["delivery_uuid"])
        self.assertEqual(self.run_once()["delivered"], 1)
        self.assertEqual(self.clinic_json("webhook", "retry", "--dead"), {"notices": 2})
        self.assertEqual(self.run_once()["delivered"], 2)
        self.assertEqual({json.loads(r["body"])["conversation_uuid"] for r in self.receiver.to("good")}, set(calls))
        self.refused("--domain", "hotel.example", "webhook", "retry", dead[0]["delivery_uuid"], status=3,
                     message=f"no notice {dead[0]['delivery_uuid']} in this tenant, or it is on its way just now", hint="Run")

    def test_order_is_kept_within_a_conversation(self):
        self.calls(self.secretary(self.receiver.url("error-twice")))
        self.sql("UPDATE v_voice_conversations SET ended_at = NULL; UPDATE v_voice_conversations SET ended_at = now()")
        keys = [row[0] for row in self.deliveries("delivery_uuid")]
        for status in (8, 8, 0):
            self.run_once("--workers", "4", status=status)
            self.make_due()
        self.assertEqual([r["headers"]["webhook-id"] for r in self.receiver.requests], [keys[0], keys[0], keys[0], keys[1]])

    def test_each_arrives_once_though_many_send(self):
        calls = self.calls(self.secretary(self.receiver.url("good")), 150)
        calls += self.calls(self.secretary(self.receiver.url("good", "hotel"), HOTEL_UUID), 150, HOTEL_UUID)
        running = [self.start_running("--once", "--workers", "2", "--in-flight", "5") for _ in range(3)]
        self.assertEqual([r.wait(60) for r in running], [0, 0, 0])
        self.assertEqual(self.states(), {"delivered": 300})
        told = [json.loads(r["body"])["conversation_uuid"] for r in self.receiver.requests]
        self.assertEqual(sorted(told), sorted(calls))

    def test_one_dead_receiver_delays_nobody_else(self):
        self.calls(self.secretary(self.receiver.url("stall"), HOTEL_UUID), 60, HOTEL_UUID)
        self.start_running("--workers", "1", "--in-flight", "12", "--per-tenant", "6", "--timeout", "600000")
        self.wait_for(lambda: self.receiver.to("stall"))
        self.calls(self.secretary(self.receiver.url("good")), 40)
        self.wait_for(lambda: self.states().get("delivered") == 40)
        self.assertEqual(self.states(), {"delivered": 40, "pending": 54, "sending": 6})

    def test_a_failing_address_is_tried_by_one_notice_at_a_time(self):
        self.calls(self.secretary(self.receiver.url("error")), 30)
        self.run_once("--per-tenant", "4", status=8)
        self.assertEqual(len(self.receiver.requests), 4)
        failures = int(self.sql("SELECT failures FROM v_voice_webhook_endpoints")[0][0])
        self.sql("UPDATE v_voice_webhook_endpoints SET paused_until = NULL")
        self.run_once("--per-tenant", "4", status=8)
        self.assertEqual(len(self.receiver.requests), 5)
        self.assertEqual(self.sql("SELECT failures, paused_until > now() FROM v_voice_webhook_endpoints"), [[str(failures + 1), "t"]])

    def test_an_address_without_a_secret_of_its_tenant_is_not_another_tenants(self):
        self.calls(self.secretary(self.receiver.url("good")))
        self.assertEqual(self.sql(f"""SET ROLE voicedb_app; SET voicedb.domain_uuid = '{HOTEL_UUID}';
            SELECT (SELECT count(*) FROM v_voice_webhook_deliveries) + (SELECT count(*) FROM v_voice_webhook_endpoints)"""), [["0"]])
        self.assertEqual(json.loads(self.at_hotel("--json", "webhook", "list")), [])

    def test_only_who_sees_all_tenants_can_send(self):
        role = f"voicedb_webhook_{os.getpid()}"
        self.sql(f"CREATE ROLE {role} LOGIN IN ROLE voicedb_app")
        self.addCleanup(self.sql, f"DROP ROLE {role}")
        self.refused("webhook", "run", "--once", status=5, message="this role does not see all tenants", hint="Connect as",
                     env={"PGUSER": role})


class Running(Webhooks):
    def test_it_sends_what_comes_and_ends_by_sigterm(self):
        secretary = self.secretary(self.receiver.url("good"))
        running = self.start_running()
        self.calls(secretary, 3)
        self.wait_for(lambda: self.states() == {"delivered": 3})
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(30), 0)
        self.assertIn(b"delivered: 3,", running.stderr.read())

    def test_polling_finds_what_no_notification_told(self):
        self.calls(self.secretary(self.receiver.url("error")))
        self.run_once(status=8)
        self.start_running()
        self.make_due()
        self.wait_for(lambda: len(self.receiver.requests) == 2)

    def test_a_killed_sender_loses_nothing(self):
        self.calls(self.secretary(self.receiver.url("stall-twice")), 2)
        running = self.start_running("--timeout", "600000")
        self.wait_for(lambda: len(self.receiver.requests) == 2)
        running.kill()
        running.wait()
        self.assertEqual(self.states(), {"sending": 2})
        self.assertEqual(self.run_once()["delivered"], 0, "until the lease ends it is the other one's")
        self.make_due()
        self.assertEqual(self.run_once()["delivered"], 2)
        keys = [r["headers"]["webhook-id"] for r in self.receiver.requests]
        self.assertEqual(sorted(keys[:2]), sorted(keys[2:]))

    def test_it_outlives_its_connections(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.start_running("--workers", "2")
        self.calls(secretary)
        self.wait_for(lambda: self.states() == {"delivered": 1})
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        self.calls(secretary, 5)
        self.wait_for(lambda: self.states() == {"delivered": 6})

    def test_what_is_on_its_way_arrives_before_it_ends(self):
        self.calls(self.secretary(self.receiver.url("stall")))
        running = self.start_running("--timeout", "1500")
        self.wait_for(lambda: self.receiver.requests)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(30), 0)
        self.assertEqual(self.deliveries("state, last_error LIKE '%timed out%'"), [["pending", "t"]])


class ServerKilled(OwnCluster, Webhooks):
    CLUSTER = "webhooks"

    def test_nothing_is_lost_when_the_server_dies(self):
        calls = self.calls(self.secretary(self.receiver.url("good")), 400)
        running = self.start_running("--workers", "2", "--in-flight", "4", "--per-tenant", "4")
        self.wait_for(lambda: len(self.receiver.requests) > 20)
        self.kill_server(running)
        self.make_due()  # else what was kept as being sent would wait for the end of its lease
        calls += self.calls(self.sql("SELECT voice_secretary_uuid FROM v_voice_secretaries")[0][0], 5)
        self.wait_for(lambda: self.states() == {"delivered": 405}, 120)
        self.assertIsNone(running.poll())
        told = {json.loads(r["body"])["conversation_uuid"]: r["headers"]["webhook-id"] for r in self.receiver.requests}
        self.assertEqual(set(told), set(calls))
        self.assertEqual(set(told.values()), {r["headers"]["webhook-id"] for r in self.receiver.requests},
                         "what is sent again has its old key")


class Addresses(Webhooks):
    """No notice goes where only this server may go."""

    def refused_addresses(self, *urls, allow=()):
        for url in urls:
            with self.subTest(url=url):
                self.setUp()
                self.calls(self.secretary(url))
                done = self.run_raw("--json", "webhook", "run", "--once", "--timeout", "3000", *allow)
                self.assertEqual(done.returncode, 8, done.stdout + done.stderr)
                self.assertRegex(self.deliveries("last_error")[0][0], "^refused to connect to ")
                self.assertEqual([r["path"] for r in self.receiver.requests if r["path"].startswith("/good")], [])

    def test_loopback_in_all_its_spellings(self):
        port = self.receiver.server.server_port
        self.refused_addresses(*(f"http://{host}:{port}/good" for host in
                                 ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]",
                                  "0.0.0.0")))

    def test_the_networks_behind_this_server(self):
        self.refused_addresses("http://169.254.169.254/latest/", "http://10.0.0.1/", "http://192.168.1.1/", "http://100.64.0.1/")

    def test_behind_a_redirect(self):
        self.refused_addresses(self.receiver.url("metadata"), self.receiver.url("another-loopback"), allow=ALLOW)

    def test_proxies_are_no_way_around(self):
        self.calls(self.secretary(self.receiver.url("good")))
        proxy = f"http://127.0.0.1:{self.receiver.server.server_port}"
        done = self.run_raw("webhook", "run", "--once", env={"http_proxy": proxy, "HTTP_PROXY": proxy, "ALL_PROXY": proxy})
        self.assertEqual((done.returncode, self.receiver.requests), (8, []))

    def test_malformed_networks(self):
        self.refused("webhook", "run", "--once", "--allow", "localhost", status=2, message='"localhost" is no network', hint="Write")


def certificate(folder, name, *validity):
    """A server's key and certificate for 127.0.0.1 in one file, signed by FOLDER/ca.pem."""
    def openssl(*args):
        return subprocess.run(["openssl", *args], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    if not os.path.exists(os.path.join(folder, "ca.pem")):
        openssl("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test")
        with open(os.path.join(folder, "names"), "w", encoding="ascii") as names:
            names.write("subjectAltName=IP:127.0.0.1\n")
    openssl("req", *ec, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=127.0.0.1")
    for dates in validity:
        if openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                   "-extfile", "names", "-out", f"{name}.crt", *dates) == 0:
            break
    path = os.path.join(folder, f"{name}.pem")
    with open(path, "wb") as both:
        for part in ("key", "crt"):
            with open(os.path.join(folder, f"{name}.{part}"), "rb") as file:
                both.write(file.read())
    return path


class Encrypted(Webhooks):
    def test_a_certificate_must_be_trusted_and_not_expired(self):
        with tempfile.TemporaryDirectory() as folder:
            valid = certificate(folder, "valid", ["-days", "2"])
            expired = certificate(folder, "expired", ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"],
                                  ["-days", "-1"])
            authority = os.path.join(folder, "ca.pem")
            for path, options, wanted in ((valid, ["--ca-file", authority], "delivered"), (valid, [], "pending"),
                                          (expired, ["--ca-file", authority], "pending")):
                self.setUp()
                with Receiver(path) as receiver:
                    self.calls(self.secretary(receiver.url("good")))
                    self.run_once(*options, status=0 if wanted == "delivered" else 8)
                    self.assertEqual(self.states(), {wanted: 1})
                    self.assertEqual(len(receiver.requests), wanted == "delivered")
                    if path == expired:
                        self.assertRegex(self.deliveries("last_error")[0][0], "certificate has expired")


class Signatures(Webhooks):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "secret")

    def expected(self, request, path):
        with open(path, encoding="ascii") as file:
            key = base64.b64decode(file.read().strip().removeprefix("whsec_"))
        head = f"{request['headers']['webhook-id']}.{request['headers']['webhook-timestamp']}.".encode()
        return "v1," + base64.b64encode(hmac.new(key, head + request["body"], hashlib.sha256).digest()).decode()

    def signed(self, secretary):
        self.calls(secretary)
        self.run_once()
        request = self.receiver.requests[-1]
        self.assertLess(abs(int(request["headers"]["webhook-timestamp"]) - time.time()), 600)
        return request, request["headers"].get("webhook-signature")

    def test_of_time_and_body_by_a_secret_of_the_tenant(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.at_clinic("webhook", "secret", self.path)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        request, signature = self.signed(secretary)
        self.assertEqual(signature, self.expected(request, self.path))
        with open(self.path, encoding="ascii") as file:
            self.assertEqual(self.sql(f"SELECT webhook_config::text LIKE '%{file.read().strip()}%', webhook_config->'secret' ? '$sealed' "
                                      "FROM v_voice_tenant_settings"), [["f", "t"]])
        hotel = self.secretary(self.receiver.url("good", "hotel"), HOTEL_UUID)
        self.calls(hotel, 1, HOTEL_UUID)
        self.run_once()
        self.assertNotIn("webhook-signature", self.receiver.requests[-1]["headers"], "each tenant has its own")

    def test_the_one_before_signs_for_a_day(self):
        secretary = self.secretary(self.receiver.url("good"))
        for path in (self.path, self.path + "2"):
            self.at_clinic("webhook", "secret", path)
        self.at_clinic("webhook", "secret", self.path + "2")  # the same once more changes nothing
        request, signature = self.signed(secretary)
        self.assertEqual(signature.split(" "), [self.expected(request, self.path + "2"), self.expected(request, self.path)])
        self.sql("""UPDATE v_voice_tenant_settings SET webhook_config = webhook_config || '{"previous_until": 1}'""")
        request, signature = self.signed(secretary)
        self.assertEqual(signature, self.expected(request, self.path + "2"))
        self.at_clinic("webhook", "secret", "--remove")
        self.assertIsNone(self.signed(secretary)[1])

    def test_a_sealed_secret_goes_along(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.at_clinic("webhook", "secret", self.path)
        self.voicedb("key", "rotate")
        request, signature = self.signed(secretary)
        self.assertEqual(signature, self.expected(request, self.path))
        copy = self.path + ".vdb"
        self.at_clinic("tenant", "export", copy)
        self.voicedb("tenant", "import", "--replace", "--into", HOTEL, copy)
        there = self.sql(f"SELECT voice_secretary_uuid FROM v_voice_secretaries WHERE domain_uuid = '{HOTEL_UUID}'")[0][0]
        self.calls(there, 1, HOTEL_UUID)
        self.run_once()
        request = self.receiver.requests[-1]
        self.assertEqual(request["headers"]["webhook-signature"], self.expected(request, self.path))
        status = self.json("key", "status")
        self.assertEqual((status["sealed"], status["plain"], status["broken"]), (2, 0, 0))

    def test_without_the_master_key_nothing_goes_out_unsigned(self):
        secretary = self.secretary(self.receiver.url("good"))
        self.at_clinic("webhook", "secret", self.path)
        self.calls(secretary)
        self.run_once(status=8, env={"VOICEDB_MASTER_KEY": self.path + ".nowhere"})
        self.assertEqual(self.receiver.requests, [])
        self.assertRegex(self.deliveries("last_error")[0][0], "key file")
        self.make_due()
        self.assertEqual(self.run_once()["delivered"], 1)
        key = self.json("key", "status")["keys"][0]["key_id"]
        error = self.refused("--domain", CLINIC, "webhook", "secret", self.path + "2", status=5, env={"VOICEDB_MASTER_KEY": "/nowhere"},
                             message=f"the master key {key} is needed: cannot read the key file /nowhere: No such file or directory",
                             hint="")
        self.assertNotIn("whsec_", json.dumps(error))

    def test_a_secret_that_was_written_by_sql_is_sealed_by_key_seal(self):
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        self.sql(f"""INSERT INTO v_voice_tenant_settings (domain_uuid, webhook_config) VALUES ('{CLINIC_UUID}', '{{"secret": "{secret}"}}')""")
        with open(self.path, "w", encoding="ascii") as file:
            file.write(secret)
        self.assertEqual(self.json("key", "seal"), {"sealed": 1})
        self.assertEqual(self.sql("SELECT webhook_config->'secret' ? '$sealed', data_key_uuid IS NOT NULL FROM v_voice_tenant_settings"),
                         [["t", "t"]])
        request, signature = self.signed(self.secretary(self.receiver.url("good")))
        self.assertEqual(signature, self.expected(request, self.path))

    def test_what_is_no_secret_is_refused(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("hunter2\n")
        error = self.refused("--domain", CLINIC, "webhook", "secret", self.path, status=9,
                             message="a webhook's secret is whsec_ and the base64 of 24 to 64 bytes", hint="Let `voicedb webhook secret FILE`")
        self.assertNotIn("hunter2", json.dumps(error))


if __name__ == "__main__":
    tap.main()
