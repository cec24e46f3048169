# fish completion of mlgit and of `git mlgit`.
function __mlgit_complete
    for reply in (env _MLGIT_LINE=(commandline -cp | string collect) mlgit 2>/dev/null)
        switch $reply
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':folders'
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $reply
        end
    end
end
complete -c mlgit -f -a '(__mlgit_complete)'
complete -c git-mlgit -f -a '(__mlgit_complete)'
complete -c git -n '__fish_seen_subcommand_from mlgit' -f -a '(__mlgit_complete)'
