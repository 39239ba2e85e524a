"""A backend for yadage: steps run on the workers of Dask, here or on a cluster.

yadage-run ... -b py:yadage_dask:DaskBackend -k address=tcp://scheduler:8786
"""

from dask.distributed import Client, LocalCluster
from packtivity.asyncbackends import PacktivityProxyBase, PythonCallableAsyncBackend


class DaskBackend(PythonCallableAsyncBackend):
    """Submits every step to the scheduler at `address`, or to `workers` processes on this machine."""

    def __init__(self, address=None, workers=2, preload=None, packconfig_spec=None):
        super().__init__(packconfig_spec)
        local = {"n_workers": int(workers), "threads_per_worker": 1, "dashboard_address": None, "preload": preload}
        self.client = Client(address or LocalCluster(**local))

    def submit_callable(self, callable):
        """Start a step; every one is different, whatever its arguments are."""
        return PacktivityProxyBase(self.client.submit(callable, pure=False))

    def ready(self, resultproxy):
        """Has the step ended?"""
        return resultproxy.proxy.done()

    def successful(self, resultproxy):
        """Has the step ended well?"""
        return resultproxy.proxy.status == "finished"

    def result(self, resultproxy):
        """What the step published."""
        return resultproxy.proxy.result()

    def fail_info(self, resultproxy):
        """Type and value of the exception of a failed step."""
        error = resultproxy.proxy.exception()
        return type(error), error
