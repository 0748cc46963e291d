
# The command that the words before the cursor name; of a noun alone the noun and a blank.
_csparkctl_command()
{
	local noun=
	while [ $# -gt 0 ]; do
		case $1 in
		--url | --cacert | --cert | --key) [ $# -gt 1 ] && shift ;;
		-*) ;;
		*)
			if [ -n "$noun" ]; then
				if _csparkctl_known "$noun $1"; then echo "$noun $1"; else echo "$noun"; fi
				return
			elif [ -n "$(_csparkctl_verbs "$1")" ]; then
				noun=$1
			else
				echo "$1"
				return
			fi
			;;
		esac
		shift
	done
	[ -z "$noun" ] || echo "$noun "
}

# All that may stand where the word <$3> is being written, behind the word <$2>, for command <$1>;
# "@file": the name of a file.
_csparkctl_candidates()
{
	case $2 in
	-i | -o | --input | --output | --file | --ca-file | --cacert | --cert | --key) echo @file; return ;;
	--type | --tenant | --timeout | --url | --meta | --version | --date | --purpose | --source | --correlation | \
	--outputs | --filter | --subservices | --tables | --piece | --parallel | --patience) return ;;
	--shape | --format | --compiler | --validation | --in | --out) _csparkctl_values "$1:$2"; return ;;
	esac
	case $1 in
	"") _csparkctl_verbs "" ;;
	*" ") _csparkctl_verbs "${1% }" ;;
	completion) echo bash zsh; return ;;
	esac
	case $3 in
	-*) if [ -z "$1" ]; then echo --url --cacert --cert --key --help --version; else _csparkctl_options "${1% }"; fi ;;
	*) _csparkctl_parameters "${1% }"; ! _csparkctl_sends "$1" || echo @file ;;
	esac
}
