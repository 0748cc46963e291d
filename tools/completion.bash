
_csparkctl()
{
	local line=${COMP_LINE:0:COMP_POINT} words cur prev command candidates word
	# By blanks alone: bash itself also cuts at "=" and ":".
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[${#words[@]} - 1]} prev=${words[${#words[@]} - 2]}
	unset 'words[${#words[@]}-1]' 'words[0]'
	[[ ${words[1]} == help ]] && unset 'words[1]'
	command=$(_csparkctl_command "${words[@]}"; echo .)
	command=${command%.} command=${command%$'\n'}
	COMPREPLY=()
	if [[ $cur == [!-]*=* ]]; then
		COMPREPLY=($(compgen -W "$(_csparkctl_values "$command:${cur%%=*}")" -- "${cur#*=}"))
		if [[ $COMP_WORDBREAKS != *=* ]]; then
			COMPREPLY=("${COMPREPLY[@]/#/${cur%%=*}=}")
		fi
		return
	fi
	candidates=$(_csparkctl_candidates "$command" "$prev" "$cur")
	COMPREPLY=($(compgen -W "${candidates//@file/}" -- "$cur"))
	if [[ $candidates == *@file* ]]; then
		compopt -o filenames 2>/dev/null
		while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
	fi
	if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}
complete -F _csparkctl csparkctl
