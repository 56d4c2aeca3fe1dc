/* The one table of commands: parsing, help, completion and docs/commands.md are made from it. */
#include "cli/values.h"

/* The offset of a member of V, the noun's values struct, if it has the type that its kind fills. */
#define SLOT(member, type) _Generic(((V *)0)->member, type : offsetof(V, member))
#define OF_BOOL(kind_, name_, member) .name = name_, .kind = kind_, .slot = SLOT(member, const bool *)
#define OF_TEXT(kind_, name_, member) .name = name_, .kind = kind_, .slot = SLOT(member, const char *)
#define OF_LIST(kind_, name_, member)                                                                                  \
    .name = name_, .kind = kind_, .many = true, .slot = SLOT(member, const char *const *)
#define FLAG(name_, member) OF_BOOL(CLI_FLAG, name_, member)
#define FLAG_OFF(name_, member) OF_BOOL(CLI_FLAG_OFF, name_, member)
#define SWITCH(name_, member) OF_BOOL(CLI_SWITCH, name_, member)
#define TEXT(name_, member) OF_TEXT(CLI_TEXT, name_, member)
#define UUID(name_, member) OF_TEXT(CLI_UUID, name_, member)
#define PATH(name_, member) OF_TEXT(CLI_FILE, name_, member)
#define JSON(name_, member) OF_TEXT(CLI_JSON, name_, member)
#define CHOICE(name_, member, choices_) OF_TEXT(CLI_CHOICE, name_, member), .choices = choices_
#define TEXTS(name_, member) OF_LIST(CLI_TEXT, name_, member)
#define PATHS(name_, member) OF_LIST(CLI_FILE, name_, member)
#define INTEGER(name_, member, least_, most_)                                                                          \
    .name = name_, .kind = CLI_INTEGER, .slot = SLOT(member, const int64_t *), .least = least_, .most = most_
#define SIZE(name_, member, least_, most_)                                                                             \
    .name = name_, .kind = CLI_SIZE, .slot = SLOT(member, const int64_t *), .least = least_, .most = most_
#define NUMBER(name_, member, least_, most_)                                                                           \
    .name = name_, .kind = CLI_NUMBER, .slot = SLOT(member, const double *), .least = least_, .most = most_

static const char *const provider_types[] = { "stt", "tts", "llm", "embeddings", NULL };
static const char *const destination_types[] = { "extension", "ring_group", "queue", "voicemail",
                                                 "ivr_menu",  "external",   NULL };
static const char *const roles[] = { "user", "assistant", "system", "tool", NULL };
static const char *const strategies[] = { "two-stage", "tenantvec", "hnsw", "ivfflat", "none", NULL };
static const char *const delivery_states[] = { "pending", "sending", "delivered", "dead", NULL };
const char *const cli_search_modes[] = { "auto", "vector", "lexical", "hybrid", NULL };
static const char *const shells[] = { "bash", NULL };

static const double most_int32 = 2147483647;

const cli_noun cli_nouns[] = {
    { "migrate", "Bring the schema up to date" },
    { "tenant", "The FusionPBX domains" },
    { "provider", "AI services for speech, language and embeddings" },
    { "secretary", "The phone secretaries" },
    { "document", "What the secretaries know" },
    { "search", "Find the answer to a question" },
    { "eval", "How well searches find what is known to answer" },
    { "transfer", "Rules that say where a call goes" },
    { "conversation", "Calls and what was said in them" },
    { "privacy", "What is kept of callers, and for how long" },
    { "webhook", "Notices about calls, sent when they have ended" },
    { "index", "The vector index that searches use" },
    { "backup", "Copies of all voice tables" },
    { "restore", "Rows from a backup" },
    { "doctor", "What is wrong, and the command that mends it" },
    { "maintain", "Remove what is past its term; vacuum, analyze and reindex where due" },
    { "key", "The master keys that secrets are sealed by" },
    { "completion", "Completion for a shell" },
    { "help", "Help on all, on a noun or on a command" },
    { "version", "The version of voicedb" },
    { 0 },
};

#define V cli_globals
const cli_parameter cli_options[] = {
    { FLAG("json", json), .help = "Print one JSON document; errors too are JSON" },
    { TEXT("domain", domain), .value = "NAME|UUID", .standard = "$VOICEDB_DOMAIN",
      .help = "The tenant, a FusionPBX domain" },
    { TEXT("conninfo", conninfo), .value = "STRING", .standard = "libpq's environment and service file",
      .help = "A libpq connection string or URI; keep passwords in ~/.pgpass, other users see this one" },
    { PATH("fusionpbx", fusionpbx), .optional = true,
      .help = "Connect as FusionPBX does, by its config.conf; without FILE the one in /etc/fusionpbx, then "
              "/usr/local/etc/fusionpbx" },
    { PATH("master-key", master_key),
      .standard = "$VOICEDB_MASTER_KEY, the systemd credential voicedb-master.key, /etc/voicedb/master.key",
      .help = "The file of master keys, which opens and seals secrets" },
    { FLAG("version", version), .help = "Print the version" },
    { FLAG("help", help), .help = "Print help on the command; -h is the same" },
    { 0 },
};
#undef V

typedef char nothing; /* the values of a command without parameters */
static const cli_parameter none[] = { { 0 } };

#define V migrate_values
static const cli_parameter migrate_options[] = {
    { FLAG("dry-run", dry_run), .help = "Print the SQL of the pending steps and the locks they take; change nothing" },
    { INTEGER("lock-timeout", lock_timeout, 1, most_int32), .value = "MS", .standard = "60000",
      .help = "How long to wait while another run is at work, in milliseconds" },
    { 0 },
};
static const cli_parameter migrate_adopt_options[] = {
    { FLAG("dry-run", dry_run), .help = "Do it, show what was done, and roll it back" },
    { FLAG("drop-cross-tenant", drop_cross_tenant),
      .help = "Go on when a row refers to another tenant's: such references become empty" },
    { 0 },
};
static const cli_parameter migrate_repair_options[] = {
    { INTEGER("version", version, 1, most_int32), .value = "N", .required = true, .help = "The step" },
    { 0 },
};
#undef V

#define V provider_values
#define PROVIDER_CONFIG                                                                                                \
    JSON("config", input.config),                                                                                      \
        .help = "Keys, URL and model as a JSON object; one that holds secrets only as @FILE or on standard input"
static const cli_parameter provider_argument[] = {
    { TEXT("PROVIDER", provider), .required = true, .help = "UUID or name" },
    { 0 },
};
static const cli_parameter provider_add_options[] = {
    { CHOICE("type", input.provider_type, provider_types), .required = true, .help = "What it does" },
    { TEXT("name", input.provider_name), .value = "NAME", .required = true,
      .help = "Its name; for embeddings `builtin` works offline, azure, cohere, voyage and ollama speak their own "
              "protocol, every other name OpenAI's" },
    { TEXT("display-name", input.display_name), .help = "What people see" },
    { PROVIDER_CONFIG, .standard = "{}" },
    { FLAG("default", input.is_default), .help = "Make it the tenant's default of its type" },
    { FLAG_OFF("disabled", input.enabled), .help = "Add it without letting it be used" },
    { 0 },
};
static const cli_parameter provider_list_options[] = {
    { CHOICE("type", type, provider_types), .help = "Only these" },
    { 0 },
};
static const cli_parameter provider_type_option[] = {
    { CHOICE("type", type, provider_types), .help = "Tells providers of one name apart" },
    { 0 },
};
static const cli_parameter provider_test_options[] = {
    { TEXT("text", text), .standard = "a question in Portuguese", .help = "What is embedded" },
    { 0 },
};
static const cli_parameter provider_usage_options[] = {
    { INTEGER("days", days, 1, 36500), .standard = "31", .help = "How many days, up to today" },
    { 0 },
};
static const cli_parameter provider_update_options[] = {
    { CHOICE("type", type, provider_types), .help = "Tells providers of one name apart" },
    { TEXT("name", input.provider_name), .value = "NAME", .help = "Its new name" },
    { TEXT("display-name", input.display_name), .help = "What people see; an empty text removes it" },
    { PROVIDER_CONFIG },
    { SWITCH("default", input.is_default), .help = "Whether it is the tenant's default of its type" },
    { SWITCH("enabled", input.enabled), .help = "Whether it may be used" },
    { 0 },
};
#undef V

#define V secretary_values
static const cli_parameter secretary_argument[] = {
    { TEXT("SECRETARY", secretary), .required = true, .help = "UUID, extension or name" },
    { 0 },
};
#define SECRETARY_OPTIONS(add)                                                                                         \
    { TEXT("extension", input.extension), .value = "NUMBER", .help = "The number that callers dial" },                 \
        { TEXT("description", input.description), .help = "What it is for" },                                          \
        { TEXT("system-prompt", input.system_prompt), .help = "What the language model is told" },                     \
        { TEXT("greeting", input.greeting_message), .help = "What it says first" },                                    \
        { TEXT("goodbye", input.goodbye_message), .help = "What it says last" },                                       \
        { TEXT("voice", input.voice_name), .value = "NAME", .help = "The voice it speaks with" },                      \
        { TEXT("language", input.language), .value = "TAG", .standard = (add) ? "pt-BR" : NULL,                        \
          .help = "What it speaks (BCP 47)" },                                                                         \
        { TEXT("stt", stt), .value = "PROVIDER", .help = "Hears: a provider of type stt, by UUID or name" },           \
        { TEXT("tts", tts), .value = "PROVIDER", .help = "Speaks: a provider of type tts" },                           \
        { TEXT("llm", llm), .value = "PROVIDER", .help = "Thinks: a provider of type llm" },                           \
        { TEXT("embeddings", embeddings), .value = "PROVIDER",                                                         \
          .help = "Finds: a provider of type embeddings; without one, the tenant's default" },                         \
        { SWITCH("rag", input.rag_enabled), .standard = (add) ? "on" : NULL,                                           \
          .help = "Whether it answers from documents" },                                                               \
        { NUMBER("threshold", input.rag_similarity_threshold, 0, 1), .standard = (add) ? "0.5" : NULL,                 \
          .help = "The least similarity of a passage it may use" },                                                    \
        { INTEGER("max-turns", input.max_conversation_turns, 1, most_int32), .standard = (add) ? "10" : NULL,          \
          .help = "After how many turns it ends the call" },                                                           \
        { TEXT("webhook-url", input.webhook_url), .value = "URL", .help = "Where it reports calls" },                  \
        { SWITCH("webhook", input.webhook_enabled), .standard = (add) ? "off" : NULL,                                  \
          .help = "Whether it reports calls" },                                                                        \
    {                                                                                                                  \
        SWITCH("enabled", input.enabled), .standard = (add) ? "on" : NULL, .help = "Whether it answers calls"          \
    }
static const cli_parameter secretary_add_options[] = {
    { TEXT("name", input.name), .value = "NAME", .required = true, .help = "Its name" },
    SECRETARY_OPTIONS(true),
    { 0 },
};
static const cli_parameter secretary_update_options[] = {
    { TEXT("name", input.name), .value = "NAME", .help = "Its new name" },
    SECRETARY_OPTIONS(false),
    { 0 },
};
#undef V

#define V document_values
static const cli_parameter document_argument[] = {
    { TEXT("DOCUMENT", document), .required = true, .help = "UUID or name" },
    { 0 },
};
static const cli_parameter document_add_arguments[] = {
    { PATHS("FILE", files), .required = true,
      .help =
          "PDF, DOCX, ODT, HTML, Markdown, CSV or text; a folder stands for all files below it; - is standard input" },
    { 0 },
};
static const cli_parameter document_add_options[] = {
    { TEXT("secretary", secretary), .value = "SECRETARY", .standard = "for all secretaries",
      .help = "Who may use them: UUID, extension or name" },
    { TEXT("name", name), .value = "NAME", .standard = "the file's name",
      .help = "The document's name; one of the same name is replaced. A file in a folder is named by its path there" },
    { SIZE("max-bytes", max_bytes, 1, 1099511627776.0), .standard = "256M", .help = "Refuse a larger file" },
    { INTEGER("chunk-tokens", chunk_tokens, 32, 4000), .standard = "200",
      .help = "The most tokens of a passage, an estimate" },
    { INTEGER("overlap-tokens", overlap_tokens, 0, 2000), .standard = "0",
      .help = "What a passage repeats of the one before, whole sentences: at most half of it" },
    { FLAG("watch", watch), .help = "Go on until Ctrl-C: add what is new or changes" },
    { 0 },
};
static const cli_parameter document_reembed_options[] = {
    { TEXT("provider", provider), .value = "PROVIDER", .help = "The provider to change to: UUID or name" },
    { FLAG("dry-run", dry_run), .help = "Only say what it takes" },
    { FLAG("discard", discard),
      .help = "Drop what is kept of models that no passage has: of a change that was given up, or for changing back" },
    { 0 },
};
static const cli_parameter document_run_options[] = {
    { FLAG("once", once), .help = "End when no document waits" },
    { PATH("files", folder),
      .help =
          "The folder in which documents without content may lie, by their file_path; nothing outside of it is read" },
    { INTEGER("lease", lease, 1, 86400), .value = "SECONDS", .standard = "300",
      .help =
          "How long a document is this worker's before its first passages are stored; then another one may take it" },
    { 0 },
};
static const cli_parameter document_show_options[] = {
    { FLAG("chunks", chunks), .help = "Show its passages too" },
    { 0 },
};
#undef V

#define V search_values
static const cli_parameter search_arguments[] = {
    { TEXTS("QUESTION", question), .required = true, .help = "What the caller asks; several words are one question" },
    { 0 },
};
static const cli_parameter search_options[] = {
    { TEXT("secretary", secretary), .value = "SECRETARY", .standard = "all documents",
      .help = "Search as this secretary does, with its documents and its threshold: UUID, extension or name" },
    { INTEGER("top", top, 1, 1000), .standard = "5", .help = "At most so many passages" },
    { NUMBER("threshold", threshold, 0, 1), .standard = "the secretary's, or none",
      .help = "The least similarity, or share of the question's weight in words, which must be 0.4 too" },
    { CHOICE("mode", mode, cli_search_modes), .standard = "auto",
      .help = "By vector, by words (lexical), or by both (hybrid); auto is hybrid" },
    { TEXTS("document", documents), .value = "DOCUMENT", .standard = "all",
      .help = "Only passages of this document: UUID or name" },
    { TEXTS("type", types), .value = "TYPE", .standard = "all", .help = "Only passages of documents of this type" },
    { JSON("metadata", metadata), .standard = "any", .help = "Only passages whose metadata contain this object" },
    { INTEGER("neighbours", neighbours, 0, 10), .standard = "0",
      .help = "Join so many passages before and behind each one" },
    { INTEGER("deadline", deadline, 20, 600000), .value = "MS", .standard = "as long as it takes",
      .help = "Answer within so many milliseconds: by words, where the embeddings provider is too slow or fails" },
    { FLAG("duplicates", duplicates), .help = "Show also passages that say the same as a better one" },
    { FLAG("explain", explain),
      .help = "Show ranks and scores, how the search was made, and PostgreSQL's plans of it" },
    { 0 },
};
#undef V

#define V eval_values
static const cli_parameter eval_arguments[] = {
    { PATHS("FILE", files), .required = true, .help = "Questions and what answers them, one JSON object a line" },
    { 0 },
};
static const cli_parameter eval_options[] = {
    { CHOICE("mode", mode, cli_search_modes + 1), .standard = "each of them", .help = "Ask in this way only" },
    { TEXT("secretary", secretary), .value = "SECRETARY", .standard = "all documents, no threshold",
      .help = "Ask as this secretary does, unless a line names one: UUID, extension or name" },
    { NUMBER("threshold", threshold, 0, 1), .standard = "the secretary's, or none", .help = "The least similarity" },
    { INTEGER("rounds", rounds, 1, 1000), .standard = "1", .help = "Ask each question so often, for the times" },
    { PATH("compare", compare), .standard = "nothing",
      .help = "What `voicedb --json eval` printed before: exit with 13 when a figure has dropped" },
    { NUMBER("tolerance", tolerance, 0, 1), .standard = "0.01", .help = "How much a figure may drop" },
    { 0 },
};
#undef V

#define V transfer_values
#define RULES_OF_SECRETARY                                                                                             \
    {                                                                                                                  \
        TEXT("secretary", secretary), .value = "SECRETARY", .standard = "every rule",                                  \
                                      .help = "Its own rules and those for all: UUID, extension or name"               \
    }
static const cli_parameter transfer_add_options[] = {
    { TEXT("department", input.department_name), .value = "NAME", .required = true, .help = "Who is reached" },
    { TEXTS("keyword", input.intent_keywords),
      .help = "Words that lead there, compared whole, without accents, case and plural" },
    { TEXTS("pattern", input.intent_patterns), .value = "REGEX", .help = "Regular expressions that lead there" },
    { CHOICE("type", input.destination_type, destination_types), .standard = "extension",
      .help = "What the number is" },
    { TEXT("extension", input.transfer_extension), .value = "NUMBER", .required = true,
      .help = "The number to transfer to" },
    { TEXT("secretary", input.secretary), .value = "SECRETARY", .standard = "for all secretaries",
      .help = "Whose rule it is: UUID, extension or name" },
    { TEXT("message", input.transfer_message), .help = "What the caller hears before" },
    { JSON("working-hours", input.working_hours), .standard = "always",
      .help = "When it applies: {\"timezone\": \"America/Sao_Paulo\", \"mon-fri\": [\"08:00-12:00\", \"13:00-18:00\"], "
              "\"holidays\": {\"12-25\": []}}" },
    { TEXT("fallback-action", input.fallback_action), .value = "ACTION", .help = "What happens outside these hours" },
    { TEXT("fallback-extension", input.fallback_extension), .value = "NUMBER", .help = "The number for it" },
    { INTEGER("priority", input.priority, -most_int32, most_int32), .help = "Smaller goes first" },
    { FLAG_OFF("disabled", input.enabled), .help = "Add it without letting it apply" },
    { 0 },
};
static const cli_parameter transfer_list_options[] = { RULES_OF_SECRETARY, { 0 } };
static const cli_parameter transfer_argument[] = {
    { UUID("RULE", transfer_rule), .required = true, .help = "UUID, as `voicedb transfer list` shows it" },
    { 0 },
};
static const cli_parameter transfer_resolve_arguments[] = {
    { TEXTS("UTTERANCE", utterance), .required = true, .help = "What the caller said" },
    { 0 },
};
static const cli_parameter transfer_resolve_options[] = {
    RULES_OF_SECRETARY,
    { TEXT("at", at), .value = "INSTANT", .standard = "now",
      .help = "For which moment, such as 2026-12-24T22:30-03:00" },
    { 0 },
};
#undef V

#define V conversation_values
#define CONVERSATION                                                                                                   \
    UUID("CONVERSATION", conversation), .required = true, .help = "UUID of the conversation or of its call"
#define CONVERSATION_CALL                                                                                              \
    {                                                                                                                  \
        UUID("call", call), .help = "The call's UUID, instead of CONVERSATION"                                         \
    }
static const cli_parameter conversation_start_options[] = {
    { UUID("call", start.call_uuid), .help = "FreeSWITCH's channel UUID" },
    { TEXT("caller-id", start.caller_id), .value = "NUMBER", .help = "The caller's number" },
    { TEXT("caller-name", start.caller_name), .value = "NAME", .help = "The caller's name" },
    { TEXT("secretary", start.secretary), .value = "SECRETARY", .help = "Who answers: UUID, extension or name" },
    { JSON("metadata", start.metadata), .standard = "{}", .help = "What else is known, a JSON object" },
    { 0 },
};
static const cli_parameter conversation_say_arguments[] = {
    { CONVERSATION, .instead = "call" },
    { TEXTS("TEXT", text), .required = true, .help = "What was said" },
    { 0 },
};
static const cli_parameter conversation_say_options[] = {
    CONVERSATION_CALL,
    { CHOICE("role", role, roles), .required = true, .help = "Who said it" },
    { INTEGER("turn", turn, 1, most_int32), .standard = "the next", .help = "The turn it belongs to" },
    { JSON("search", search), .help = "The search it answers from, as `search --json` printed it: passages, time" },
    { TEXT("intent", said.detected_intent), .help = "What the caller wants" },
    { NUMBER("confidence", confidence, 0, 1), .help = "How sure the intent is" },
    { TEXT("stt", said.stt_provider), .value = "PROVIDER", .help = "Who heard it" },
    { INTEGER("stt-ms", stt_ms, 1, most_int32), .value = "MS", .help = "How long that took" },
    { INTEGER("rag-ms", rag_ms, 1, most_int32), .value = "MS", .standard = "the search's",
      .help = "From the question to the passages" },
    { TEXT("llm", said.llm_provider), .value = "PROVIDER", .help = "Who thought of it" },
    { INTEGER("llm-ms", llm_ms, 1, most_int32), .value = "MS", .help = "How long that took" },
    { INTEGER("tokens", tokens, 1, most_int32), .help = "How many it used" },
    { TEXT("tts", said.tts_provider), .value = "PROVIDER", .help = "Who spoke it" },
    { INTEGER("tts-ms", tts_ms, 1, most_int32), .value = "MS", .help = "How long that took" },
    { TEXT("audio", said.audio_file_path), .value = "PATH", .help = "Where its recording is" },
    { INTEGER("audio-ms", audio_ms, 1, most_int32), .value = "MS", .help = "How long that is" },
    { 0 },
};
static const cli_parameter conversation_end_arguments[] = {
    { CONVERSATION, .instead = "call" },
    { 0 },
};
static const cli_parameter conversation_end_options[] = {
    CONVERSATION_CALL,
    { TEXT("action", end.final_action), .value = "ACTION", .standard = "hangup", .help = "How it ended" },
    { TEXT("target", end.transfer_target), .value = "NUMBER", .help = "Where the call went" },
    { UUID("rule", end.transfer_rule_uuid), .help = "The transfer rule that sent it there" },
    { TEXT("summary", end.summary), .help = "What it was about" },
    { TEXT("ticket", end.ticket_id), .value = "ID", .help = "The ticket that came of it" },
    { 0 },
};
static const cli_parameter conversation_list_options[] = {
    { TEXT("caller", caller), .value = "NUMBER", .help = "Only those of this caller" },
    { INTEGER("limit", limit, 1, 10000), .standard = "50", .help = "At most so many, the newest first" },
    { 0 },
};
static const cli_parameter conversation_show_arguments[] = { { CONVERSATION }, { 0 } };
static const cli_parameter conversation_show_options[] = {
    { FLAG("trace", trace), .help = "Show how the call went instead, event by event" },
    { 0 },
};
static const cli_parameter conversation_sweep_options[] = {
    { INTEGER("idle", idle, 1, most_int32), .value = "SECONDS", .standard = "3600",
      .help = "End those in which nothing was said for so long" },
    { 0 },
};
static const cli_parameter conversation_spool_arguments[] = {
    { PATH("DIRECTORY", spool), .required = true, .help = "Where the logs keep what they have acknowledged" },
    { 0 },
};
static const cli_parameter conversation_spool_options[] = {
    { FLAG("send", send), .help = "Bring what dead processes have left there into the database" },
    { INTEGER("timeout", timeout, 1, 86400), .value = "SECONDS", .standard = "60", .help = "How long --send may take" },
    { FLAG("dead", dead), .help = "Print the records that could not be stored, a JSON object a line" },
    { 0 },
};
#undef V

#define V privacy_values
#define CALLER                                                                                                         \
    {                                                                                                                  \
        TEXT("caller", caller),                                                                                        \
            .value = "NUMBER", .required = true,                                                                       \
            .help = "The number in any spelling; two of at least ten digits are one if one ends with the other"        \
    }
#define DAYS(name, member, help_)                                                                                      \
    {                                                                                                                  \
        INTEGER(name, terms.member, 0, VDB_MOST_DAYS), .value = "DAYS", .help = help_                                  \
    }
static const cli_parameter privacy_caller[] = { CALLER, { 0 } };
static const cli_parameter privacy_erase_options[] = {
    CALLER,
    { PATH("erasure-key", key), .required = true,
      .help = "The key file of the ledger, as `voicedb backup key` makes one; keep it apart from the backups" },
    { 0 },
};
static const cli_parameter privacy_retention_options[] = {
    DAYS("conversations", conversations_days, "Keep conversations, and all that belongs to them, so long; 0: for ever"),
    DAYS("messages", messages_days, "Keep what was said so long"),
    DAYS("recordings", recordings_days, "Keep so long where recordings are; their files are not touched"),
    DAYS("traces", traces_days, "Keep so long which passages an answer used"),
    { 0 },
};
#undef V

#define V webhook_values
static const cli_parameter webhook_run_options[] = {
    { FLAG("once", once), .help = "End when nothing is due any more; exits with 8 when an attempt failed" },
    { INTEGER("workers", workers, 1, 64), .standard = "4", .help = "So many threads and connections" },
    { INTEGER("in-flight", in_flight, 1, 1000), .standard = "64", .help = "Notices that each of them sends at once" },
    { INTEGER("per-tenant", per_tenant, 1, 1000), .standard = "8",
      .help = "Notices of one tenant that are sent at once" },
    { INTEGER("timeout", timeout, 1, 600000), .value = "MS", .standard = "10000",
      .help = "How long a receiver may take, in milliseconds" },
    { TEXTS("allow", allow), .value = "NETWORK",
      .help = "Send there too though it is not public, such as 10.1.2.0/24" },
    { PATH("ca-file", ca_file), .standard = "the system's", .help = "Authorities to trust, PEM" },
    { 0 },
};
static const cli_parameter webhook_list_options[] = {
    { CHOICE("state", state, delivery_states), .help = "Only these" },
    { UUID("conversation", conversation), .help = "Only those of this conversation" },
    { INTEGER("limit", limit, 1, 10000), .standard = "50", .help = "At most so many, the newest first" },
    { 0 },
};
static const cli_parameter webhook_retry_arguments[] = {
    { UUID("NOTICE", delivery), .required = true, .instead = "dead",
      .help = "UUID, as `voicedb webhook list` shows it" },
    { 0 },
};
static const cli_parameter webhook_retry_options[] = {
    { FLAG("dead", dead), .help = "All that were given up, instead of NOTICE" },
    { 0 },
};
static const cli_parameter webhook_secret_arguments[] = {
    { PATH("FILE", path), .required = true, .instead = "remove",
      .help = "Holds the secret; when there is no such file, it is made with a new one" },
    { 0 },
};
static const cli_parameter webhook_secret_options[] = {
    { FLAG("remove", remove), .help = "Sign no more, instead of FILE" },
    { 0 },
};
#undef V

#define V index_values
static const cli_parameter index_use_arguments[] = {
    { CHOICE("STRATEGY", strategy, strategies), .required = true, .help = "The index to build and use" },
    { 0 },
};
#undef V

#define V backup_values
#define BACKUP_KEY PATH("key", key), .help = "The key file that it is encrypted with, as `voicedb backup key` makes one"
static const cli_parameter backup_arguments[] = {
    { PATH("FILE|DIR", path), .required = true,
      .help = "A new file, or a directory in which it gets a name of its database and moment" },
    { 0 },
};
static const cli_parameter backup_file_argument[] = {
    { PATH("FILE", path), .required = true, .help = "The backup" },
    { 0 },
};
static const cli_parameter backup_key_argument[] = {
    { PATH("FILE", path), .required = true, .help = "The new key file; who loses it loses the backups made with it" },
    { 0 },
};
static const cli_parameter backup_options[] = {
    { BACKUP_KEY, .standard = "not encrypted" },
    { INTEGER("keep", keep, 1, 100000), .value = "N",
      .help =
          "In a directory: remove what is older than the newest N good backups of this database, this one among them" },
    { 0 },
};
static const cli_parameter export_options[] = { { BACKUP_KEY, .standard = "not encrypted" }, { 0 } };
static const cli_parameter maintain_options[] = {
    { FLAG("dry-run", dry_run), .help = "Only tell what is due" },
    { INTEGER("bloat", bloat, 1, 99), .value = "PERCENT", .standard = "40",
      .help = "Rebuild an index from so much bloat on, estimated from statistics, if that frees a MiB" },
    { 0 },
};
static const cli_parameter backup_key_option[] = { { BACKUP_KEY }, { 0 } };
#define ERASURE_KEYS                                                                                                   \
    {                                                                                                                  \
        PATHS("erasure-key", erasure_keys),                                                                            \
            .help = "The key that `voicedb privacy erase` was given: callers who were erased here are left out"        \
    }
static const cli_parameter export_argument[] = {
    { PATH("FILE", path), .required = true, .help = "The new file" },
    { 0 },
};
static const cli_parameter import_argument[] = {
    { PATH("FILE", path), .required = true, .help = "The file that `voicedb tenant export` made" },
    { 0 },
};
static const cli_parameter import_options[] = {
    { TEXT("into", into), .value = "DOMAIN", .standard = "the domain it came from",
      .help = "Another domain, by name or UUID; the rows get keys of their own there" },
    { BACKUP_KEY },
    ERASURE_KEYS,
    { FLAG("replace", replace), .help = "Delete the tenant's rows that are there, in the same transaction" },
    { 0 },
};
static const cli_parameter erase_options[] = {
    { TEXT("confirm", confirm), .value = "NAME", .help = "The domain's name once more, exactly as it is" },
    { FLAG("dry-run", dry_run), .help = "Only count what would go" },
    { 0 },
};
static const cli_parameter restore_options[] = {
    { BACKUP_KEY },
    ERASURE_KEYS,
    { FLAG("replace", replace), .help = "Delete the rows that are there, in the same transaction" },
    { 0 },
};
#undef V

#define V key_values
static const cli_parameter key_argument[] = {
    { PATH("FILE", path), .required = true, .help = "The new file of master keys" },
    { 0 },
};
static const cli_parameter key_init_options[] = {
    { PATH("after", after), .help = "A key file whose keys go into the new one behind the new key, and still open" },
    { 0 },
};
#undef V

#define V completion_values
static const cli_parameter completion_arguments[] = {
    { CHOICE("SHELL", shell, shells), .required = true, .help = "The shell" },
    { 0 },
};
#undef V

#define V doctor_values
static const cli_parameter doctor_arguments[] = {
    { TEXTS("CODE", codes), .help = "Only these checks; without one, all" },
    { 0 },
};
static const cli_parameter doctor_options[] = {
    { FLAG("fix", fix), .help = "Mend what is safe: nothing is lost by it, and no call waits" },
    { TEXTS("except", except), .value = "CODE", .help = "Leave this check out" },
    { PATHS("file", files),
      .help = "A further file that holds a secret, such as a backup's key: must be closed to others" },
    { 0 },
};
#undef V

#define V help_values
static const cli_parameter help_arguments[] = {
    { TEXTS("COMMAND", words), .help = "A noun, or a noun and its verb" },
    { 0 },
};
static const cli_parameter help_options[] = {
    { FLAG("markdown", markdown), .help = "Print the reference of all commands as Markdown" },
    { 0 },
};
#undef V

#define COMMAND(noun_, verb_, needs_, run_, values_, arguments_, options_)                                             \
    .noun = noun_, .verb = verb_, .needs = needs_, .run = run_, .values = sizeof(values_), .arguments = arguments_,    \
    .options = options_

const cli_command cli_commands[] = {
    { COMMAND("migrate", NULL, CLI_DATABASE, run_migrate, migrate_values, none, migrate_options),
      .help = "Bring the schema up to date", .more = "Each step is one transaction. Doing it again changes nothing.",
      .example = "voicedb --fusionpbx migrate" },
    { COMMAND("migrate", "status", CLI_DATABASE, run_migrate_status, nothing, none, none),
      .help = "Show which steps were applied and which are pending",
      .more = "Exits with 0 when nothing is pending, 10 when something is, 11 when what was applied is not what this "
              "voicedb would apply." },
    { COMMAND("migrate", "verify", CLI_DATABASE, run_migrate_verify, nothing, none, none),
      .help = "Compare the database with what the migrations made",
      .more = "Prints each difference with the SQL that mends it; exits with 11 when there is one. Every further table "
              "called v_voice_* must keep the rules of tenancy too.",
      .example = "voicedb migrate verify > mend.sql" },
    { COMMAND("migrate", "adopt", CLI_DATABASE, run_migrate_adopt, migrate_values, none, migrate_adopt_options),
      .help = "Turn a voice-ai-ivr database into one of voicedb",
      .more = "One transaction; every row and every further column stays. Make a backup and stop the old application "
              "first: its column names are gone afterwards. Doing it again changes nothing.",
      .example = "voicedb migrate adopt --dry-run" },
    { COMMAND("migrate", "repair", CLI_DATABASE, run_migrate_repair, migrate_values, none, migrate_repair_options),
      .help = "Accept the file of a step that was edited after it was applied",
      .more = "For an edit that changes nothing in the schema, such as a comment. It runs nothing.",
      .example = "voicedb migrate repair --version 4" },
    { COMMAND("tenant", "list", CLI_DATABASE, run_tenant_list, nothing, none, none),
      .help = "List the tenants and how much each has" },
    { COMMAND("tenant", "export", CLI_TENANT, run_tenant_export, backup_values, export_argument, export_options),
      .help = "Write one tenant's rows into a file",
      .example = "voicedb --domain clinica.example tenant export clinica.vdb" },
    { COMMAND("tenant", "import", CLI_DATABASE, run_tenant_import, backup_values, import_argument, import_options),
      .help = "Put one tenant's rows into its domain or another one",
      .more = "In one transaction; no other tenant's row is touched. Doing it again changes nothing.",
      .example = "voicedb tenant import --into outra.example clinica.vdb" },
    { COMMAND("tenant", "erase", CLI_TENANT, run_tenant_erase, backup_values, none, erase_options),
      .help = "Delete all voice rows of a tenant, for ever",
      .more = "In one transaction. The domain itself stays. Export the tenant first.",
      .example = "voicedb --domain clinica.example tenant erase --confirm clinica.example" },

    { COMMAND("provider", "add", CLI_TENANT, run_provider_add, provider_values, none, provider_add_options),
      .help = "Add a provider; prints its UUID",
      .example = "voicedb provider add --type embeddings --name builtin --default" },
    { COMMAND("provider", "list", CLI_TENANT, run_provider_list, provider_values, none, provider_list_options),
      .help = "List the providers" },
    { COMMAND("provider", "show", CLI_TENANT, run_provider_show, provider_values, provider_argument,
              provider_type_option),
      .help = "Show a provider, its secrets masked" },
    { COMMAND("provider", "update", CLI_TENANT, run_provider_update, provider_values, provider_argument,
              provider_update_options),
      .help = "Change what is given of a provider", .example = "voicedb provider update openai --config @openai.json" },
    { COMMAND("provider", "remove", CLI_TENANT, run_provider_remove, provider_values, provider_argument,
              provider_type_option),
      .help = "Remove a provider that no secretary uses" },
    { COMMAND("provider", "test", CLI_TENANT, run_provider_test, provider_values, provider_argument,
              provider_test_options),
      .help = "Ask an embeddings provider for one vector and show what came back",
      .more =
          "One real call, with its retries; it may cost what a question costs. Exits with 8 when the provider fails.",
      .example = "voicedb provider test openai" },
    { COMMAND("provider", "usage", CLI_TENANT, run_provider_usage, provider_values, none, provider_usage_options),
      .help = "Show what embedding services were asked for, by day, and what it cost",
      .more = "The cost is by price_per_million_tokens in the provider's config as it was then." },

    { COMMAND("secretary", "add", CLI_TENANT, run_secretary_add, secretary_values, none, secretary_add_options),
      .help = "Add a secretary; prints its UUID",
      .example = "voicedb secretary add --name Recepção --extension 800 --embeddings builtin --threshold 0.3" },
    { COMMAND("secretary", "list", CLI_TENANT, run_secretary_list, secretary_values, none, none),
      .help = "List the secretaries" },
    { COMMAND("secretary", "show", CLI_TENANT, run_secretary_show, secretary_values, secretary_argument, none),
      .help = "Show what a call with it begins with: the secretary, its providers, its transfer rules",
      .more = "Secrets are masked. The tenant's default stands where its own provider is missing or disabled, which is "
              "said." },
    { COMMAND("secretary", "update", CLI_TENANT, run_secretary_update, secretary_values, secretary_argument,
              secretary_update_options),
      .help = "Change what is given of a secretary", .more = "An empty text removes what may be missing.",
      .example = "voicedb secretary update 800 --threshold 0.25 --webhook off" },
    { COMMAND("secretary", "remove", CLI_TENANT, run_secretary_remove, secretary_values, secretary_argument, none),
      .help = "Remove a secretary that has no documents of its own",
      .more = "Its transfer rules go with it, its conversations stay." },

    { COMMAND("document", "add", CLI_TENANT, run_document_add, document_values, document_add_arguments,
              document_add_options),
      .help = "Read, split, embed and store files",
      .more = "Each file is one transaction: others see its document as before or complete, whatever happens. A file "
              "that is stored already is left alone. When one fails the others are stored all the same; the exit "
              "status is that of the first failure.",
      .example = "voicedb document add --secretary 800 docs" },
    { COMMAND("document", "run", CLI_DATABASE, run_document_run, document_values, none, document_run_options),
      .help = "Process the documents that other programs have put into the database",
      .more =
          "Takes those with processing_status `pending`, of all tenants or of the one that --domain names, and those "
          "whose worker has gone. Several workers share the work. What cannot be stored is tried again, later each "
          "time; after eight tries, or when no try can mend it, it is `failed`, with the reason in processing_error.",
      .example = "voicedb --fusionpbx document run" },
    { COMMAND("document", "list", CLI_TENANT, run_document_list, document_values, none, none),
      .help = "List the documents" },
    { COMMAND("document", "show", CLI_TENANT, run_document_show, document_values, document_argument,
              document_show_options),
      .help = "Show a document" },
    { COMMAND("document", "remove", CLI_TENANT, run_document_remove, document_values, document_argument, none),
      .help = "Remove a document and its passages" },
    { COMMAND("document", "enable", CLI_TENANT, run_document_enable, document_values, document_argument, none),
      .help = "Let searches find a document again" },
    { COMMAND("document", "disable", CLI_TENANT, run_document_disable, document_values, document_argument, none),
      .help = "Keep a document out of searches" },
    { COMMAND("document", "index", CLI_TENANT, run_document_index, document_values, none, none),
      .help = "Make passages findable by words",
      .more = "Needed once after an upgrade from a voicedb that did not search by words, and for what another program "
              "wrote. Searches "
              "go on meanwhile." },

    { COMMAND("document", "reembed", CLI_TENANT, run_document_reembed, document_values, none, document_reembed_options),
      .help = "Change the tenant's embedding model",
      .more =
          "Embeds all passages by another provider while searches go on with the embeddings they have; then passages, "
          "the "
          "default provider and the secretaries change at once. Says before what it takes. Can be stopped at any time; "
          "the same command goes on. The old embeddings are kept: changing back asks no provider.",
      .example = "voicedb --domain clinica.example document reembed --provider voyage" },

    { COMMAND("search", NULL, CLI_TENANT, run_search, search_values, search_arguments, search_options),
      .help = "Find the passages that answer a question",
      .more = "The answer may be that there is none: not_good_enough and nothing are verdicts, not errors.",
      .example = "voicedb search --secretary 800 --top 3 Vocês atendem no sábado?" },

    { COMMAND("eval", NULL, CLI_TENANT, run_eval, eval_values, eval_arguments, eval_options),
      .help = "Ask questions whose answers are known, and count what is found",
      .more =
          "Each line has a `question` and what answers it: `document` and `answer_contains`, `documents`, `expected` "
          "(a list of such objects), or `\"nothing\": true`; further `kind` and `secretary`. Prints recall@k, the mean "
          "reciprocal rank, nDCG@10 and times for each way to search. With --compare it is a regression test: it exits "
          "with 13 when recall@5, MRR or nDCG of a way have dropped.",
      .example = "voicedb eval --compare saved.json questions.jsonl" },

    { COMMAND("transfer", "add", CLI_TENANT, run_transfer_add, transfer_values, none, transfer_add_options),
      .help = "Add a transfer rule; prints its UUID",
      .example =
          "voicedb transfer add --department Financeiro --keyword boleto --keyword 'nota fiscal' --extension 203" },
    { COMMAND("transfer", "list", CLI_TENANT, run_transfer_list, transfer_values, none, transfer_list_options),
      .help = "List the transfer rules by priority" },
    { COMMAND("transfer", "remove", CLI_TENANT, run_transfer_remove, transfer_values, transfer_argument, none),
      .help = "Remove a transfer rule" },
    { COMMAND("transfer", "resolve", CLI_TENANT, run_transfer_resolve, transfer_values, transfer_resolve_arguments,
              transfer_resolve_options),
      .help = "Find where what was said leads to", .more = "Exits with 3 when it leads nowhere.",
      .example = "voicedb transfer resolve --secretary 800 Quero a segunda via do boleto" },

    { COMMAND("transfer", "test", CLI_TENANT, run_transfer_test, transfer_values, transfer_resolve_arguments,
              transfer_resolve_options),
      .help = "Explain what becomes of each rule, and why",
      .more = "The same decision as that of a call, with the rules that were passed over.",
      .example = "voicedb transfer test --secretary 800 --at 2026-12-24T22:30-03:00 Quero a segunda via do boleto" },

    { COMMAND("conversation", "start", CLI_TENANT, run_conversation_start, conversation_values, none,
              conversation_start_options),
      .help = "Open a conversation; prints its UUID",
      .more = "A conversation of this call that goes on is taken up, as it is.",
      .example = "voicedb conversation start --call 4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10 --caller-id +5511987654321" },
    { COMMAND("conversation", "say", CLI_TENANT, run_conversation_say, conversation_values, conversation_say_arguments,
              conversation_say_options),
      .help = "Add what somebody said; prints the turn",
      .more = "What is given with it, `conversation show --trace` tells later.",
      .example = "voicedb conversation say --call 4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10 --role user Bom dia!" },
    { COMMAND("conversation", "end", CLI_TENANT, run_conversation_end, conversation_values, conversation_end_arguments,
              conversation_end_options),
      .help = "End a conversation" },
    { COMMAND("conversation", "list", CLI_TENANT, run_conversation_list, conversation_values, none,
              conversation_list_options),
      .help = "List conversations, the newest first" },
    { COMMAND("conversation", "show", CLI_TENANT, run_conversation_show, conversation_values,
              conversation_show_arguments, conversation_show_options),
      .help = "Show a conversation and what was said",
      .more = "With --trace: the time each stage took, the passages that answers used with their similarity, where "
              "the call was transferred, the notices about it.",
      .example = "voicedb conversation show --trace 4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10" },

    { COMMAND("conversation", "sweep", CLI_DATABASE, run_conversation_sweep, conversation_values, none,
              conversation_sweep_options),
      .help = "End the conversations whose process died",
      .more = "They end with their last turn, as \"abandoned\": of the tenant that --domain names, or, as the tables' "
              "owner, of all.",
      .example = "voicedb conversation sweep --idle 1800" },
    { COMMAND("conversation", "spool", CLI_NOTHING, run_conversation_spool, conversation_values,
              conversation_spool_arguments, conversation_spool_options),
      .help = "Show what conversation logs have on disk and the database does not have yet",
      .more = "The next log that is opened in the directory takes over what dead processes have left; --send does it "
              "now.",
      .example = "voicedb conversation spool --send /var/spool/voicedb" },

    { COMMAND("privacy", "find", CLI_TENANT, run_privacy_find, privacy_values, none, privacy_caller),
      .help = "Show how much there is of a caller, by spelling of the number",
      .example = "voicedb privacy find --caller +5511987654321" },
    { COMMAND("privacy", "export", CLI_TENANT, run_privacy_export, privacy_values, none, privacy_caller),
      .help = "Print all there is of a caller, as JSON", .example = "voicedb privacy export --caller +5511987654321" },
    { COMMAND("privacy", "erase", CLI_TENANT, run_privacy_erase, privacy_values, none, privacy_erase_options),
      .help = "Delete all there is of a caller, for ever",
      .more = "In one transaction, with an entry in the ledger of erasures by which a later restore or import leaves "
              "the caller out. Look with `privacy find` first.",
      .example = "voicedb privacy erase --caller +5511987654321 --erasure-key /etc/voicedb/erasure.key" },
    { COMMAND("privacy", "retention", CLI_TENANT, run_privacy_retention, privacy_values, none,
              privacy_retention_options),
      .help = "Set and show how long what is kept, in days from the start of a call",
      .more = "`voicedb maintain` removes what is older.",
      .example = "voicedb privacy retention --messages 90 --conversations 730" },

    { COMMAND("webhook", "run", CLI_DATABASE, run_webhook_run, webhook_values, none, webhook_run_options),
      .help = "Send the notices of all tenants, until SIGTERM or SIGINT",
      .more = "Each is sent until the receiver answers 2xx, for a day, with pauses that grow. Several may run at once. "
              "Addresses that are not public are refused unless --allow names them.",
      .example = "voicedb --fusionpbx webhook run" },
    { COMMAND("webhook", "list", CLI_TENANT, run_webhook_list, webhook_values, none, webhook_list_options),
      .help = "List the notices, the newest first", .example = "voicedb webhook list --state dead" },
    { COMMAND("webhook", "retry", CLI_TENANT, run_webhook_retry, webhook_values, webhook_retry_arguments,
              webhook_retry_options),
      .help = "Send a notice again, to where its secretary reports now" },
    { COMMAND("webhook", "secret", CLI_TENANT, run_webhook_secret, webhook_values, webhook_secret_arguments,
              webhook_secret_options),
      .help = "Set the secret that the tenant's notices are signed by",
      .more = "Give the receiver the same secret. For a day the one before it signs too.",
      .example = "voicedb webhook secret clinica.secret" },

    { COMMAND("index", "show", CLI_DATABASE, run_index_show, nothing, none, none),
      .help = "Show which vector indexes this server can build and which one is used" },
    { COMMAND("index", "use", CLI_DATABASE, run_index_use, index_values, index_use_arguments, none),
      .help = "Build a vector index beside running calls and use it" },

    { COMMAND("backup", NULL, CLI_DATABASE, run_backup, backup_values, backup_arguments, backup_options),
      .help = "Write all voice tables into one file",
      .more =
          "As of one instant, beside running calls, by the server's own pg_dump (VOICEDB_PG_DUMP names another one). "
          "The "
          "file appears when it is whole. It holds what callers said, and provider keys as they are sealed in the "
          "tables.",
      .example = "voicedb --fusionpbx backup /var/backups/voicedb" },
    { COMMAND("backup", "verify", CLI_NOTHING, run_backup_verify, backup_values, backup_file_argument,
              backup_key_option),
      .help = "Read a backup from its first byte to its last, and show what it is",
      .more = "One changed byte is found. Exits with 9 when it is damaged." },
    { COMMAND("backup", "key", CLI_NOTHING, run_backup_key, backup_values, backup_key_argument, none),
      .help = "Make a key file to encrypt backups with", .example = "voicedb backup key /root/voicedb.key" },

    { COMMAND("restore", NULL, CLI_DATABASE, run_restore, backup_values, backup_file_argument, restore_options),
      .help = "Put the rows of a backup into a FusionPBX database",
      .more = "The schema by its migrations, all rows in one transaction, the vector index last. What pg_dump -t "
              "'v_voice_*' wrote "
              "as SQL is taken too; only its rows are read. Nothing is touched when a tenant has no domain here.",
      .example = "voicedb --fusionpbx restore /var/backups/voicedb/voicedb-fusionpbx-20260301T030000000000Z.vdb" },

    { COMMAND("maintain", NULL, CLI_DATABASE, run_maintain, backup_values, none, maintain_options),
      .help = "Remove what tenants no longer keep; vacuum, analyze and reindex the voice tables where it is due",
      .more = "Beside running calls. Prints each table and index with its size and dead rows before and after. "
              "Conversations in which nothing was said for a day are ended.",
      .example = "voicedb --fusionpbx maintain --dry-run" },

    { COMMAND("doctor", NULL, CLI_DATABASE, run_doctor, doctor_values, doctor_arguments, doctor_options),
      .help = "Look for what is wrong, from the server's version to the numbers that calls are transferred to",
      .more =
          "Prints each finding with the command that mends it; exits with 12 when there is one. As the tables' owner "
          "or "
          "a superuser: row-level security would hide the tenants' rows. With --domain, tenants other than this one "
          "are left out.",
      .example = "voicedb --fusionpbx doctor --fix" },
    { COMMAND("key", "init", CLI_NOTHING, run_key_init, key_values, key_argument, key_init_options),
      .help = "Make a file with a new master key; prints the key's identifier",
      .more = "Not for backups: their keys are made by `voicedb backup key`. Who loses the file loses every sealed "
              "secret.",
      .example = "voicedb key init /etc/voicedb/master.key" },
    { COMMAND("key", "status", CLI_DATABASE, run_key_status, nothing, none, none),
      .help = "Show which master keys seal what, and try every sealed value",
      .more = "Exits with 12 when a key is missing, a value does not open, or a secret is not sealed." },
    { COMMAND("key", "seal", CLI_DATABASE, run_key_seal, nothing, none, none),
      .help = "Seal the secrets of all tenants that are not sealed yet; prints how many",
      .more = "`voicedb migrate` does it too when there is a master key." },
    { COMMAND("key", "rotate", CLI_DATABASE, run_key_rotate, nothing, none, none),
      .help = "Give every tenant a new data key, sealed by the first master key; prints how many tenants",
      .more = "Each tenant in one transaction; calls go on. After it, only backups need the file's other keys.",
      .example = "voicedb --master-key /etc/voicedb/new.key key rotate" },

    { COMMAND("completion", NULL, CLI_NOTHING, run_completion, completion_values, completion_arguments, none),
      .help = "Print a completion script", .example = "voicedb completion bash > /etc/bash_completion.d/voicedb" },
    { COMMAND("help", NULL, CLI_NOTHING, run_help, help_values, help_arguments, help_options),
      .help = "Print help on all, on a noun or on a command", .example = "voicedb help document add" },
    { COMMAND("version", NULL, CLI_NOTHING, run_version, nothing, none, none), .help = "Print the version" },
    { 0 },
};
