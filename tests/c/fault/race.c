/* Calls the fault that REDISCLUSTER_FAULT=race plants in the library; must-be-found judges. */
int rediscluster_fault_race(void);

int main(void)
{
    rediscluster_fault_race();
    return 0;
}
