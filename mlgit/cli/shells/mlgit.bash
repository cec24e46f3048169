# bash completion of mlgit and of `git mlgit`.
_mlgit() {
    local line="${COMP_LINE:0:COMP_POINT}" cur reply value
    cur="${line##*[[:space:]]}"
    COMPREPLY=()
    while IFS= read -r reply; do
        value="${reply%%$'\t'*}"
        case "$reply" in
            :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
            :folders) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$cur")) ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(_MLGIT_LINE="$line" mlgit 2>/dev/null)
    # readline replaces only what stands behind the last word break of the current word
    local before="${cur%"${cur##*[=:@]}"}"
    [[ -n "$before" ]] && COMPREPLY=("${COMPREPLY[@]#"$before"}")
    [[ "${COMPREPLY[0]-}" == *[=:] ]] && compopt -o nospace 2>/dev/null
    return 0
}
_git_mlgit() { _mlgit; }
complete -F _mlgit mlgit git-mlgit
