
_csparkctl()
{
	local cur=${words[CURRENT]} prev=${words[CURRENT-1]} command
	local -a before candidates
	before=("${(@)words[2,CURRENT-1]}")
	[[ ${before[1]} == help ]] && shift before
	command="$(_csparkctl_command "${before[@]}"; echo .)"
	command=${command%.} command=${command%$'\n'}
	if [[ $cur == [^-]*=* ]]; then
		compset -P '*='
		compadd -- ${=$(_csparkctl_values "$command:${cur%%=*}")}
		return
	fi
	candidates=(${=$(_csparkctl_candidates "$command" "$prev" "$cur")})
	[[ -z ${candidates[(r)@file]} ]] || _files
	candidates=(${candidates:#@file})
	compadd -S '' -- ${(M)candidates:#*=}
	compadd -- ${candidates:#*=}
}
if [ "${funcstack[1]}" = _csparkctl ]; then
	_csparkctl "$@"
elif (( $+functions[compdef] )); then
	compdef _csparkctl csparkctl
fi
