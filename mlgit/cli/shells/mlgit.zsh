#compdef mlgit git-mlgit
# zsh completion of mlgit and of `git mlgit`.
_mlgit() {
    local -a values descriptions
    local reply value
    while IFS= read -r reply; do
        case "$reply" in
            :files) _files ;;
            :folders) _files -/ ;;
            *)
                value="${reply%%$'\t'*}"
                values+=("$value")
                if [[ "$reply" == *$'\t'* ]]; then
                    descriptions+=("$value  -- ${reply#*$'\t'}")
                else
                    descriptions+=("$value")
                fi
                ;;
        esac
    done < <(_MLGIT_LINE="mlgit ${(j: :)words[2,CURRENT]}" mlgit 2>/dev/null)
    (( ${#values} )) && compadd -l -d descriptions -- "${values[@]}"
}
_git-mlgit() { _mlgit; }
(( $+functions[compdef] )) && compdef _mlgit mlgit git-mlgit
