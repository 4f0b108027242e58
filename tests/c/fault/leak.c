/* Calls the fault that REDISCLUSTER_FAULT=leak plants in the library; must-be-found judges. */
int rediscluster_fault_leak(void);

int main(void)
{
    rediscluster_fault_leak();
    return 0;
}
