"""From public corpora to an embedding release: the pipeline behind docs/pretraining.md.

    corpora ─► mlm ─► multitask ─► store ─► start ─► release
              stage 1   stage 2    stage 3   stage 4   export, manifest

Every stage reads a folder and writes a folder, goes on from its last checkpoint after a
kill, and is determined by its seed. Needs torch and transformers (and onnx, to export);
nothing that trains or parses a skill imports this package.
"""
