# %% solution="row_sums"
import os

os.execv("/usr/bin/env", ["env", "touch", "@CANARY@/executes_another_program"])
