#!/usr/bin/env bash
# Everything under public/models and public/dictionaries, from nothing: about three hours on two cores. Each stage goes
# on where it was broken off; delete training/work to begin anew. Needs Python 3.11+, npm and apt-get.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ ! -x training/.venv/bin/python ]; then
  python3 -m venv training/.venv
  training/.venv/bin/pip install -q -r training/requirements.txt
fi
python=training/.venv/bin/python
done_once() { # NAME COMMAND…: runs a stage unless it ended well before
  local mark="training/work/.done-$1"
  shift
  [ -e "$mark" ] || { "$@" && touch "$mark"; }
}
mkdir -p training/work
done_once english $python training/fetch_text.py
done_once storyworld npm run -s storyworld -- --tokens 6000000 --seed 1 --no-spans
done_once held-out npm run -s storyworld -- --tokens 400000 --seed 2 --no-spans
done_once years npm run -s storyworld -- --tokens 2000000 --seed 3 --no-spans --registers greater-than
done_once prepare $python training/prepare.py
done_once model $python training/train_lm.py --minutes 55
done_once export $python training/export.py model
done_once tune $python training/train_lm.py --tune 500
done_once export-tuned $python training/export.py tuned
done_once dictionaries $python training/train_sae.py --steps 1000 --hooks resid
done_once dictionaries-attn $python training/train_sae.py --steps 1000 --hooks attn
done_once dictionary-matryoshka $python training/train_matryoshka.py --steps 6000
done_once catalogue $python training/export.py catalogue
done_once report $python training/report.py
done_once goldens $python training/make_goldens.py bundled
