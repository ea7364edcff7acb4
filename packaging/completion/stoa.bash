# SPDX-License-Identifier: Apache-2.0
_stoa() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options
    case $before in
    --format)
        options='box csv json jsonl markdown line html tabs'
        case ${COMP_WORDS[1]} in import | export) options='csv jsonl arrow' ;; esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
        ;;
    --color)
        mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$word")
        return
        ;;
    --mode)
        mapfile -t COMPREPLY < <(compgen -W 'append create replace create_append upsert' -- "$word")
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        case ${COMP_WORDS[1]} in
        import) options='--help --format --mode --keys --separator --quote --header --null
            --bad-rows --bad-file --types --strict --truncate --quiet' ;;
        export) options='--help --format --separator --null --header --exists --quiet' ;;
        copy) options='--help --key --mode --keys --strict --quiet' ;;
        check) options='--help --quick' ;;
        backup) options='--help --replace' ;;
        collection) options='--help --format --if-exists --plan --dry-run --mode --on-error
            --columns --separator --date-time-format --enum-labels --locale' ;;
        bench) options='--help --quick --format' ;;
        demo) options='--help --svg --rows' ;;
        *) options='--help --version --format --output --read --rows --color --timer --no-config
            --read-only --journal' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    if [[ ${COMP_WORDS[1]} == collection ]] && ((COMP_CWORD == 2)); then
        options='describe summarise check create migrate export-csv import-csv'
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    if ((COMP_CWORD == 1)); then
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < \
            <(compgen -W 'import export copy check backup collection engines bench demo' -- "$word")
    fi
}
complete -F _stoa stoa
