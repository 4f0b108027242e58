/* Calls the fault that REDISCLUSTER_FAULT=use_after_free plants in the library; must-be-found judges. */
int rediscluster_fault_use_after_free(void);

int main(void)
{
    rediscluster_fault_use_after_free();
    return 0;
}
