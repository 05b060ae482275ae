Feature: 045 A meter may send its last gasp at any time, set in a bundle

  Scenario: SMR 5.5
    Given the meter "TEST1030000000001" of "SMR 5.5"
    When Bundle is asked of "TEST1030000000001" with
      | path                             | value |
      | Actions/1/SetPushSetupUdpRequest | {}    |
    Then the answer has
      | path                                | value                                 |
      | value/1/ActionResponse/Result       | OK                                    |
      | value/1/ActionResponse/resultString | Setting push setup UDP was successful |

  Scenario Outline: Other versions do not have it
    Given the meter "<device>" of "<version>"
    When Bundle is asked of "<device>" with
      | path                             | value |
      | Actions/1/SetPushSetupUdpRequest | {}    |
    Then the answer has
      | path                          | value                                                                                                                 |
      | value/1/FaultResponse/Message | Error handling request with SetPushSetupUdpCommandExecutor: No address found for PUSH_SETUP_UDP in protocol <version> |

    Examples:
      | version    | device            |
      | DSMR 2.2   | TEST1026000000001 |
      | DSMR 4.2.2 | TEST1024000000001 |
      | SMR 4.3    | TEST1031000000001 |
      | SMR 5.0.0  | TEST1027000000001 |
      | SMR 5.1    | TEST1028000000001 |
      | SMR 5.2    | TEST1029000000001 |
