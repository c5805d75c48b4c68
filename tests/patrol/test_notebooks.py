"""Notebooks run from their first cell to their last; the one that reads the demo is tested beside it."""


def test_plan_a_patrol(run_notebook, capsys):
    names = run_notebook("plan_a_patrol.ipynb")
    costs = names["costs"]
    assert (costs["photos"].iloc[1:3] > costs["photos"].iloc[0]).all()
    assert costs["flying_minutes"].iloc[3] >= costs["flying_minutes"].iloc[0]
    assert len(names["sorties"]) == costs["sorties"].iloc[0]
    assert set(names["drawn"]["kind"]) == set(names["colours"])
    assert "sortie-01.plan" in capsys.readouterr().out
