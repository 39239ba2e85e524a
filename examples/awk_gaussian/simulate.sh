#!/bin/sh
# A simulator in awk: x ~ N(theta, variance), as a table on the --output file.
# It knows nothing of the project; see the head of simulators/command.py for how it is called.
while [ $# -gt 0 ]; do
  case "$1" in
    --setting) setting=${2#variance=} ;;
    --parameters) parameters=${2#theta=} ;;
    --events) events=$2 ;;
    --seed) seed=$2 ;;
    --output) output=$2 ;;
    --points) points=$2 ;;
  esac
  shift 2
done
awk -v theta="$parameters" -v variance="$setting" -v events="$events" -v seed="$seed" -v points="$points" '
  BEGIN {
    srand(seed)
    while (points && (getline line < points) > 0) other[n++] = substr(line, 7)  # after theta=
    print "# cross_section_pb: 2.5"
    printf "x"
    for (k = 0; k < n; k++) printf ",ratio_%d", k
    print ""
    for (i = 0; i < events; i++) {  # Box and Muller
      x = theta + sqrt(variance) * sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand())
      printf "%.6g", x
      for (k = 0; k < n; k++) printf ",%.9g", exp(((x - theta) ^ 2 - (x - other[k]) ^ 2) / (2 * variance))
      print ""
    }
    print "# generated: " events  # the last line: only a program that came to its end says so
  }' > "$output"
