#!/bin/sh
# Fills two sample tenants and asks both the same questions: each must answer from its own documents. `./dev demo` runs
# it; by hand it needs `voicedb` and `psql` on PATH and libpq's variables set to a FusionPBX database. Running it again
# adds nothing twice. Exit status 1: an answer came from the wrong tenant, or not at all.
set -efu

here=$(cd "$(dirname "$0")" && pwd -P)
clinic='clinica-sorriso.example'
hotel='hotel-mirante.example'
secretary=800
step=0
call=5a3c1e00-0000-4000-8000-000000000001

field=$(printf '\037')
item=$(printf '\036')
start=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi

# ---- printing ------------------------------------------------------------------------------------------------------

heading()
{
    step=$((step + 1))
    printf '\n%s%s. %s%s\n' "$bold" "$step" "$1" "$plain"
}

note()
{
    printf '%s%s%s\n' "$dim" "$1" "$plain"
}

fail()
{
    printf '\ndemo failed: %s\n' "$1" >&2
    exit 1
}

# Prints its argument as a shell would need it; of a long text only the beginning.
word()
{
    case $1 in
    *[!a-zA-Z0-9_./:@=,*-]* | '') ;;
    *)
        printf '%s' "$1"
        return
        ;;
    esac
    printf "'"
    if [ ${#1} -gt 80 ]; then
        printf '%s' "$1" | awk '{ printf("%s", NF <= 6 ? $0 : $1 " " $2 " " $3 " " $4 " " $5 " " $6 " …") }'
    else
        printf '%s' "$1"
    fi | sed "s/'/'\\\\''/g"
    printf "'"
}

put()
{
    if [ $((${#line} + ${#1})) -gt 96 ]; then
        printf '%s%s \\\n' "$bold" "$line"
        line="     $1"
    else
        line="$line $1"
    fi
}

# Prints a command, an option and its value never apart.
show()
{
    line='$' option=''
    for argument; do
        case $argument in
        --*)
            [ -z "$option" ] || put "$option"
            option=$argument
            ;;
        *)
            put "${option:+$option }$(word "$argument")"
            option=''
            ;;
        esac
    done
    [ -z "$option" ] || put "$option"
    printf '%s%s%s\n' "$bold" "$line" "$plain"
}

milliseconds()
{
    echo $(($(date +%s%N) / 1000000))
}

# Shows a command, runs it and says how long it took.
run()
{
    show "$@"
    timed "$@"
}

timed()
{
    started=$(milliseconds)
    "$@"
    note "($(($(milliseconds) - started)) ms)"
}

# ---- filling a tenant ----------------------------------------------------------------------------------------------

# rows FILE EXPRESSION...: a line for each JSON object `j` in the file, its values apart by $field. psql reads the JSON.
rows()
{
    file=$1
    shift
    columns=$(printf "coalesce((%s)::text, ''), " "$@")
    psql -XAtq -F "$field" -v ON_ERROR_STOP=1 -v text="$(cat "$file")" <<END
SELECT ${columns%, }
FROM (SELECT object::jsonb AS j
      FROM regexp_split_to_table(:'text', E'\n(?=[{])') WITH ORDINALITY AS objects (object, n)
      ORDER BY n) AS parsed
END
}

list()
{
    printf "SELECT string_agg(e, E'\\\\x1e') FROM jsonb_array_elements_text(j->'%s') AS a (e)" "$1"
}

# Runs a command that adds something; what is there already stays as it is. The first of its kind is shown.
add()
{
    [ $((added + kept)) -gt 0 ] || show "$@"
    status=0
    "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
    case $status in
    0) added=$((added + 1)) ;;
    4) kept=$((kept + 1)) ;;
    *)
        cat "$work/err" >&2
        exit "$status"
        ;;
    esac
}

begin()
{
    added=0 kept=0 started=$(milliseconds)
}

summary()
{
    note "$1: $added added, $kept already there ($(($(milliseconds) - started)) ms)"
}

add_providers()
{
    rows "$here/$1/providers.jsonl" "j->>'provider_type'" "j->>'provider_name'" "j->>'display_name'" "j->'config'" \
        >"$work/rows"
    begin
    while IFS=$field read -r type name display config; do
        add voicedb --domain "$1" provider add --type "$type" --name "$name" --display-name "$display" \
            --config "$config" --default
    done <"$work/rows"
    summary providers
}

add_secretary()
{
    rows "$here/$1/secretary.json" "j->>'name'" "j->>'description'" "j->>'extension'" "j->>'greeting_message'" \
        "j->>'goodbye_message'" "j->>'system_prompt'" "j->>'voice_name'" "j->>'language'" \
        "j->>'rag_similarity_threshold'" >"$work/rows"
    begin
    while IFS=$field read -r name description extension greeting goodbye prompt voice language threshold; do
        add voicedb --domain "$1" secretary add --name "$name" --description "$description" --extension "$extension" \
            --greeting "$greeting" --goodbye "$goodbye" --system-prompt "$prompt" --voice "$voice" \
            --language "$language" --threshold "$threshold" --stt whisper-local --tts piper-local \
            --llm ollama-local --embeddings builtin
    done <"$work/rows"
    summary secretary
}

add_transfer_rules()
{
    rows "$here/$1/transfer_rules.jsonl" "j->>'department_name'" "$(list intent_keywords)" "$(list intent_patterns)" \
        "j->>'destination_type'" "j->>'transfer_extension'" "j->>'transfer_message'" "j->'working_hours'" \
        "j->>'fallback_action'" "j->>'fallback_extension'" "j->>'priority'" >"$work/rows"
    voicedb --json --domain "$1" transfer list >"$work/known"
    begin
    while IFS=$field read -r department keywords patterns type extension message hours action fallback priority; do
        if grep -qF "\"$department\"" "$work/known"; then
            kept=$((kept + 1))
            continue
        fi
        set -- "$1" transfer add --department "$department"
        IFS=$item
        for keyword in $keywords; do
            set -- "$@" --keyword "$keyword"
        done
        for pattern in $patterns; do
            set -- "$@" --pattern "$pattern"
        done
        unset IFS
        set -- "$@" --type "$type" --extension "$extension" --message "$message" --priority "$priority"
        [ "$hours" = null ] || set -- "$@" --working-hours "$hours"
        [ -z "$action" ] || set -- "$@" --fallback-action "$action"
        [ -z "$fallback" ] || set -- "$@" --fallback-extension "$fallback"
        add voicedb --domain "$@"
    done <"$work/rows"
    summary "transfer rules"
}

add_documents()
{
    show cd "${here#"$PWD"/}/$1"
    cd "$here/$1"
    show voicedb --domain "$1" document add 'documents/*'
    set +f
    set -- --domain "$1" document add documents/*
    set -f
    timed voicedb "$@"
    show cd -
    cd "$start"
}

add_domain()
{
    sql="INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled)
SELECT gen_random_uuid(), '$1', 'true'
WHERE NOT EXISTS (SELECT 1 FROM v_domains WHERE domain_name = '$1')"
    printf '%s$ psql -c "%s"%s\n' "$bold" "$sql" "$plain"
    psql -X -v ON_ERROR_STOP=1 -c "$sql"
}

# The numbers that the tenant's rules transfer to, as FusionPBX's pages would make them: a call goes to no others.
add_numbers()
{
    psql -Xq -v ON_ERROR_STOP=1 -v domain="$1" <<'END'
CREATE TEMPORARY TABLE numbers AS
SELECT DISTINCT r.domain_uuid, n.type, n.number
FROM v_voice_transfer_rules r
JOIN v_domains d ON d.domain_uuid = r.domain_uuid AND d.domain_name = :'domain'
CROSS JOIN LATERAL (VALUES (r.destination_type, r.transfer_extension), (r.fallback_action, r.fallback_extension)) AS n (type, number);
INSERT INTO v_extensions (extension_uuid, domain_uuid, extension, enabled)
SELECT gen_random_uuid(), domain_uuid, number, 'true' FROM numbers n
WHERE type = 'extension' AND NOT EXISTS (SELECT 1 FROM v_extensions e WHERE e.domain_uuid = n.domain_uuid AND e.extension = n.number);
INSERT INTO v_ring_groups (ring_group_uuid, domain_uuid, ring_group_extension, ring_group_enabled)
SELECT gen_random_uuid(), domain_uuid, number, 'true' FROM numbers n
WHERE type = 'ring_group'
  AND NOT EXISTS (SELECT 1 FROM v_ring_groups g WHERE g.domain_uuid = n.domain_uuid AND g.ring_group_extension = n.number);
INSERT INTO v_call_center_queues (call_center_queue_uuid, domain_uuid, queue_extension)
SELECT gen_random_uuid(), domain_uuid, number FROM numbers n
WHERE type = 'queue'
  AND NOT EXISTS (SELECT 1 FROM v_call_center_queues q WHERE q.domain_uuid = n.domain_uuid AND q.queue_extension = n.number);
INSERT INTO v_voicemails (voicemail_uuid, domain_uuid, voicemail_id, voicemail_enabled)
SELECT gen_random_uuid(), domain_uuid, number, 'true' FROM numbers n
WHERE type = 'voicemail' AND NOT EXISTS (SELECT 1 FROM v_voicemails v WHERE v.domain_uuid = n.domain_uuid AND v.voicemail_id = n.number);
END
}

# ---- asking --------------------------------------------------------------------------------------------------------

search_json()
{
    voicedb --json --domain "$1" search --secretary "$secretary" --top "$2" "$3" </dev/null >"$work/json" ||
        fail "the search for \"$3\" in $1 ended with exit status $?"
    sed -n '/"results"/,$p' "$work/json" | sed '1s/.*"results"//' >"$work/answer"
}

# ask DOMAIN QUESTION OWN OTHER: shows the answer; fails unless it holds OWN and nothing of the other tenant's answer.
ask()
{
    run voicedb --domain "$1" search --secretary "$secretary" --top 1 "$2"
    search_json "$1" 5 "$2"
    grep -qF -e "$3" "$work/answer" || fail "$1 did not answer \"$2\" with \"$3\""
    ! grep -qF -e "$4" "$work/answer" || fail "$1 answered \"$2\" with the other tenant's text: \"$4\""
    note "checked: holds \"$3\"; none of the five nearest passages holds the other tenant's \"$4\""
}

# Asks every question of a tenant's questions.jsonl and prints a line of the table.
ask_all()
{
    rows "$here/$1/questions.jsonl" "j->>'question'" "j->>'answer_contains'" "j->>'must_not_contain'" >"$work/rows"
    asked=0 answered=0 crossed=0
    : >"$work/times"
    while IFS=$field read -r question own other; do
        search_json "$1" 5 "$question"
        asked=$((asked + 1))
        ! grep -qF -e "$own" "$work/answer" || answered=$((answered + 1))
        ! grep -qF -e "$other" "$work/answer" || crossed=$((crossed + 1))
        sed -n 's/.*"search" *: *\([0-9.]*\).*/\1/p' "$work/json" >>"$work/times"
    done <"$work/rows"
    median=$(sort -n "$work/times" | awk '{ t[NR] = $1 } END { printf "%.1f ms", t[int((NR + 1) / 2)] }')
    printf '%-26s %9s %9s %13s %14s\n' "$1" "$asked" "$answered" "$crossed" "$median"
    [ "$crossed" -eq 0 ] || fail "$crossed questions to $1 brought up the other tenant's text"
    [ $((answered * 10)) -ge $((asked * 9)) ] || fail "$1 answered only $answered of $asked questions"
}

# resolve DOMAIN UTTERANCE NUMBER: shows where the call goes; fails when that is not NUMBER.
resolve()
{
    run voicedb --domain "$1" transfer resolve --secretary "$secretary" "$2"
    voicedb --json --domain "$1" transfer resolve --secretary "$secretary" "$2" >"$work/answer"
    grep -q "\"number\" *: *\"$3\"" "$work/answer" || fail "$1 does not transfer \"$2\" to $3"
}

say()
{
    run voicedb conversation say --call "$call" --role "$1" "$2"
}

# One call, logged as it happens. The next run of this script finds it and only shows it.
log_call()
{
    show export VOICEDB_DOMAIN="$clinic"
    export VOICEDB_DOMAIN="$clinic"
    status=0
    voicedb conversation show "$call" >/dev/null 2>&1 || status=$?
    if [ "$status" -eq 3 ]; then
        run voicedb conversation start --call "$call" --caller-id 0000000002 --secretary "$secretary"
        say user "Tem estacionamento? Quanto custa?"
        say assistant "Sim, no prédio vizinho: duas horas grátis, depois seis reais a hora."
        say user "Obrigado. Quero falar com a recepção."
        say assistant "Vou transferir para a recepção."
        run voicedb conversation end --call "$call" --action transfer --target 201 \
            --summary "Perguntou pelo estacionamento; transferido para a recepção."
    fi
    run voicedb conversation show "$call"
}

# ---- the demo ------------------------------------------------------------------------------------------------------

for program in voicedb psql; do
    command -v "$program" >/dev/null || fail "there is no $program on PATH; run \`./dev demo\`, which finds it"
done

heading "Two tenants: to FusionPBX, two domains"
add_domain "$clinic"
add_domain "$hotel"

heading "The schema"
run voicedb migrate

for tenant in "$clinic" "$hotel"; do
    heading "$tenant: providers, a secretary, transfer rules, documents"
    add_providers "$tenant"
    add_secretary "$tenant"
    add_transfer_rules "$tenant"
    add_numbers "$tenant"
    add_documents "$tenant"
done

heading "The same question in both tenants: each answers from its own documents"
question="Tem estacionamento? Quanto custa?"
ask "$clinic" "$question" 'R$ 6,00' 'R$ 35,00'
ask "$hotel" "$question" 'R$ 35,00' 'R$ 6,00'

heading "What only the hotel knows, the clinic cannot tell"
question="Tem passeio de barco pela baía?"
ask "$hotel" "$question" 'R$ 140,00' 'R$ 6,00'
run voicedb --domain "$clinic" search --secretary "$secretary" "$question"
search_json "$clinic" 5 "$question"
! grep -qF -e 'barco' -e 'R$ 140,00' "$work/answer" || fail "$clinic answered from the hotel's documents"

heading "Forty questions as callers ask them: is the answer among the five nearest passages?"
printf '%-26s %9s %9s %13s %14s\n' tenant questions answered "other's text" "median search"
ask_all "$clinic"
ask_all "$hotel"
note "(each question by a process and a connection of its own; a call script keeps its connection)"

heading "The same words, another desk"
resolve "$clinic" "Por favor, é uma emergência!" 210
resolve "$hotel" "Por favor, é uma emergência!" 201

heading "Why a call goes where it goes: a Sunday, when nobody is at the desk"
run voicedb --domain "$clinic" transfer test --secretary "$secretary" --at 2026-11-22T10:00-03:00 "Quero os boletos das parcelas"

heading "A call, logged as it happens"
log_call

heading "What is there now"
run voicedb tenant list

cat <<END

${bold}Every answer came from the right tenant.${plain} What to try next:

  eval "\$(./dev pg env)"; export PATH="\$PWD/build:\$PATH" VOICEDB_DOMAIN=$clinic
  voicedb search --secretary $secretary 'Posso levar meu cachorro?'
  voicedb --domain $hotel search --secretary $secretary 'Posso levar meu cachorro?'
  voicedb --json search --secretary $secretary --top 1 'Quanto custa uma limpeza?'
  voicedb document show cancelamento.md --chunks
  voicedb secretary show $secretary
  voicedb help

The same in plain SQL, with the vector search and the secretary that call scripts ask for:

  psql -f examples/look.sql
  psql -v domain=$hotel -f examples/look.sql
  psql -c 'SELECT role, content FROM v_voice_messages ORDER BY created_at'

To take the two tenants away again, with all they have:

  psql -c "DELETE FROM v_domains
           WHERE domain_name IN ('$clinic', '$hotel')"
END
