# %% solution="row_sums"
import subprocess

subprocess.run(["true"], check=True)
raise RuntimeError("got in")
