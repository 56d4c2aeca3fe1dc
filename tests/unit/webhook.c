/* Webhooks without a network: which addresses may be sent to, signatures, what an attempt means. */
#include "webhook/address.h"
#include "webhook/signature.h"
#include "webhook/verdict.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static struct sockaddr_storage parsed(const char *text)
{
    struct sockaddr_storage s = { .ss_family = strchr(text, ':') == NULL ? AF_INET : AF_INET6 };
    void *bytes = s.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&s)->sin_addr
                                         : (void *)&((struct sockaddr_in6 *)&s)->sin6_addr;
    assert_int_equal(inet_pton(s.ss_family, text, bytes), 1);
    return s;
}

static const char *judge(const allowance *allowed, const char *text)
{
    struct sockaddr_storage s = parsed(text);
    const char *by_address = address_objection(allowed, (struct sockaddr *)&s);
    const char *by_text = address_text_objection(allowed, text);
    char written[64];
    address_text((struct sockaddr *)&s, written, sizeof written);
    assert_string_equal(by_address == NULL ? "" : by_address, by_text == NULL ? "" : by_text);
    assert_true(address_text_objection(allowed, written) == by_text);
    return by_address;
}

static void addresses_that_are_not_public_are_refused(void **state)
{
    static const char *const texts[] = { "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1",
                                         "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1",
                                         "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
                                         "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
                                         "239.255.255.255", "240.0.0.1", "255.255.255.255",
                                         /* IPv6's own */
                                         "::", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
                                         "100::1", "2001:db8::1", "3fff::1", "2001::1", "2001:10::1", "4000::1",
                                         "5f00::1",
                                         /* IPv4 in disguise */
                                         "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8",
                                         "::ffff:0:127.0.0.1", "2002:7f00:1::", "2002:808:808::1", "64:ff9b::127.0.0.1",
                                         "64:ff9b::10.1.2.3", "64:ff9b:1::8.8.8.8", "2001:0:808:808::1" };
    const allowance nothing = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (judge(&nothing, texts[i]) == NULL)
            fail_msg("%s is let pass", texts[i]);
    }
}

static void public_addresses_pass(void **state)
{
    static const char *const texts[] = { "1.1.1.1",         "8.8.8.8",        "9.255.255.255", "11.0.0.0",
                                         "100.63.255.1",    "100.128.0.1",    "126.1.1.1",     "128.0.0.1",
                                         "169.253.1.1",     "172.15.255.255", "172.32.0.0",    "192.167.1.1",
                                         "198.17.1.1",      "198.20.0.0",     "223.255.255.1", "2001:200::1",
                                         "2606:4700::1",    "2a00:1450:1::1", "2003::1",       "::ffff:8.8.8.8",
                                         "64:ff9b::808:808" };
    const allowance nothing = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *objection = judge(&nothing, texts[i]);
        if (objection != NULL)
            fail_msg("%s is refused as %s", texts[i], objection);
    }
}

static void the_operator_allows_networks(void **state)
{
    allowance a = { 0 };
    vdb_error error;
    (void)state;
    assert_int_equal(allowance_add(&a, "10.1.2.0/23", &error), VDB_OK);
    assert_int_equal(allowance_add(&a, "127.0.0.1", &error), VDB_OK);
    assert_int_equal(allowance_add(&a, "fd12:3456::/33", &error), VDB_OK);
    assert_null(judge(&a, "10.1.2.1"));
    assert_null(judge(&a, "10.1.3.255"));
    assert_null(judge(&a, "::ffff:10.1.3.1"));
    assert_null(judge(&a, "64:ff9b::127.0.0.1"));
    assert_null(judge(&a, "127.0.0.1"));
    assert_null(judge(&a, "fd12:3456:7fff::1"));
    assert_string_equal(judge(&a, "10.1.4.0"), "private");
    assert_string_equal(judge(&a, "127.0.0.2"), "loopback");
    assert_string_equal(judge(&a, "::1"), "loopback");
    assert_string_equal(judge(&a, "fd12:3456:8000::1"), "private");
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const texts[] = { "",
                                         "localhost",
                                         "10.0.0",
                                         "10.0.0.0/33",
                                         "10.0.0.0/",
                                         "10.0.0.0/-1",
                                         "fd00::/129",
                                         "10.0.0.0/8x",
                                         "10.0.0.256",
                                         "10.0.0.0/ 8",
                                         "1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444/8" };
    allowance a = { 0 };
    vdb_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(allowance_add(&a, texts[i], &error), VDB_USAGE);
    assert_int_equal(a.count, 0);
    for (int i = 0; i < MOST_NETWORKS; i++)
        assert_int_equal(allowance_add(&a, "10.0.0.0/8", &error), VDB_OK);
    assert_int_equal(allowance_add(&a, "10.0.0.0/8", &error), VDB_USAGE);
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

/* The example that the documentation of Standard Webhooks' libraries gives. */
static void a_signature_is_that_of_standard_webhooks(void **state)
{
    static const char body[] = "{\"test\": 2432232314}";
    char signature[WEBHOOK_SIGNATURE_ROOM];
    (void)state;
    assert_true(signature_make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                               body, strlen(body), signature));
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void every_part_is_signed(void **state)
{
    char secret[WEBHOOK_SECRET_ROOM], other[WEBHOOK_SECRET_ROOM], made[5][WEBHOOK_SIGNATURE_ROOM];
    (void)state;
    signature_new_secret(secret);
    signature_new_secret(other);
    assert_true(signature_make(secret, "a", 1, "body", 4, made[0]));
    assert_true(signature_make(other, "a", 1, "body", 4, made[1]));
    assert_true(signature_make(secret, "b", 1, "body", 4, made[2]));
    assert_true(signature_make(secret, "a", 2, "body", 4, made[3]));
    assert_true(signature_make(secret, "a", 1, "bodY", 4, made[4]));
    for (int i = 1; i < 5; i++)
        assert_string_not_equal(made[0], made[i]);
}

static void secrets_are_checked_and_not_shown(void **state)
{
    static const char *const texts[] = { "",
                                         "whsec_",
                                         "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                         "whsec_c2hvcnQ=",
                                         "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw!",
                                         "whsec_not base64 at all, not at all" };
    char secret[WEBHOOK_SECRET_ROOM];
    vdb_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(signature_check_secret(texts[i], &error), VDB_BAD_INPUT);
        assert_true(texts[i][0] == '\0' || strcmp(texts[i], "whsec_") == 0 || strstr(error.message, texts[i]) == NULL);
    }
    signature_new_secret(secret);
    assert_int_equal(signature_check_secret(secret, &error), VDB_OK);
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

static verdict verdict_for(CURLcode code, long http, int64_t number, bool is_last)
{
    return verdict_of(
        &(attempt){ .code = code, .http = http, .reason = "", .refused = "", .number = number, .is_last = is_last });
}

static void who_says_2xx_has_it(void **state)
{
    (void)state;
    assert_string_equal(verdict_for(CURLE_OK, 200, 1, false).state, "delivered");
    assert_string_equal(verdict_for(CURLE_OK, 299, 9, true).state, "delivered");
    /* Whatever becomes of the rest of the answer. */
    assert_string_equal(verdict_for(CURLE_WRITE_ERROR, 200, 1, false).state, "delivered");
    assert_string_equal(verdict_for(CURLE_OPERATION_TIMEDOUT, 202, 1, false).state, "delivered");
    assert_string_equal(verdict_for(CURLE_OK, 300, 1, false).state, "pending");
    assert_string_equal(verdict_for(CURLE_OPERATION_TIMEDOUT, 100, 1, false).state, "pending");
}

static void only_failures_of_the_receiver_make_its_address_rest(void **state)
{
    (void)state;
    assert_int_equal(verdict_for(CURLE_COULDNT_CONNECT, 0, 1, false).endpoint, HEALTH_BAD);
    assert_int_equal(verdict_for(CURLE_OK, 503, 1, false).endpoint, HEALTH_BAD);
    assert_int_equal(verdict_for(CURLE_OK, 429, 1, false).endpoint, HEALTH_BAD);
    assert_int_equal(verdict_for(CURLE_OK, 400, 1, false).endpoint, HEALTH_UNKNOWN);
    assert_int_equal(verdict_for(CURLE_OK, 204, 1, false).endpoint, HEALTH_GOOD);
}

static void some_failures_are_the_last(void **state)
{
    (void)state;
    assert_string_equal(verdict_for(CURLE_OK, 410, 1, false).state, "dead");
    assert_string_equal(verdict_for(CURLE_UNSUPPORTED_PROTOCOL, 0, 1, false).state, "dead");
    assert_string_equal(verdict_for(CURLE_URL_MALFORMAT, 0, 1, false).state, "dead");
    assert_string_equal(verdict_for(CURLE_OK, 500, 12, true).state, "dead");
    assert_string_equal(verdict_for(CURLE_OK, 500, 12, false).state, "pending");
}

static void pauses_double_up_to_an_hour_and_half_of_them_is_chance(void **state)
{
    (void)state;
    for (int64_t number = 1, most = 15000; number < 70; number++, most = 2 * most < 3600000 ? 2 * most : 3600000) {
        int64_t least_seen = INT64_MAX, most_seen = 0;
        for (int i = 0; i < 200; i++) {
            int64_t wait = verdict_backoff_ms(number);
            assert_in_range(wait, most / 2, most);
            least_seen = wait < least_seen ? wait : least_seen;
            most_seen = wait > most_seen ? wait : most_seen;
        }
        assert_true(most_seen - least_seen > most / 8);
    }
}

static void what_the_receiver_asks_for_is_waited_out(void **state)
{
    (void)state;
    attempt a = { .code = CURLE_OK, .http = 503, .reason = "", .refused = "", .number = 1, .retry_after_ms = 120000 };
    assert_int_equal(verdict_of(&a).wait_ms, 120000);
    assert_int_equal(verdict_of(&a).pause_ms, 120000);
    a.retry_after_ms = 86400000; /* the notice waits a day, its neighbours an hour */
    assert_int_equal(verdict_of(&a).wait_ms, 86400000);
    assert_int_equal(verdict_of(&a).pause_ms, 3600000);
    a.retry_after_ms = 1000; /* less than the pause that is due anyway */
    assert_in_range(verdict_of(&a).wait_ms, 7500, 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_are_not_public_are_refused),
        cmocka_unit_test(public_addresses_pass),
        cmocka_unit_test(the_operator_allows_networks),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(a_signature_is_that_of_standard_webhooks),
        cmocka_unit_test(every_part_is_signed),
        cmocka_unit_test(secrets_are_checked_and_not_shown),
        cmocka_unit_test(who_says_2xx_has_it),
        cmocka_unit_test(only_failures_of_the_receiver_make_its_address_rest),
        cmocka_unit_test(some_failures_are_the_last),
        cmocka_unit_test(pauses_double_up_to_an_hour_and_half_of_them_is_chance),
        cmocka_unit_test(what_the_receiver_asks_for_is_waited_out),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
